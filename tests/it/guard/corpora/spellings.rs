//! A thousand ways to write an address that is not to be reached.

use std::net::{Ipv4Addr, Ipv6Addr};

/// One of each kind: this machine, home networks, clouds, providers, nobody's.
pub const NUMBERS: [[u8; 4]; 16] = [
    [127, 0, 0, 1],
    [127, 255, 255, 254],
    [0, 0, 0, 0],
    [10, 0, 0, 1],
    [172, 16, 0, 1],
    [172, 31, 255, 254],
    [192, 168, 1, 1],
    [169, 254, 0, 1],
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [100, 64, 0, 1],
    [100, 100, 100, 200],
    [168, 63, 129, 16],
    [198, 18, 0, 1],
    [224, 0, 0, 251],
    [255, 255, 255, 255],
];

/// Names that stand for this machine, its neighbours or a cloud's keys; asked anew, each is 127.0.0.1.
const NAMES: [&str; 36] = [
    "localhost",
    "foo.localhost",
    "localhost.localdomain",
    "localhost6",
    "ip6-localhost",
    "ip6-loopback",
    "broadcasthost",
    "metadata",
    "metadata.google.internal",
    "metadata.goog",
    "instance-data",
    "instance-data.ec2.internal",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "host.docker.internal",
    "gateway.docker.internal",
    "host.containers.internal",
    "router.local",
    "nas.local",
    "printer.local",
    "fritz.box",
    "router.lan",
    "router.home",
    "nas.home.arpa",
    "db.internal",
    "server.corp",
    "intranet",
    "wpad",
    "127.0.0.1.nip.io",
    "127-0-0-1.sslip.io",
    "localtest.me",
    "lvh.me",
    "rebind.example.net",
    "1.0.0.127.in-addr.arpa",
    "0x7f.0.0.1.example.net",
    "xn--lclhst-bua8b.example.net",
];

const WHOLE_V6: [&str; 18] = [
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[0::1]",
    "[::0:1]",
    "[::1].",
    "[%3a%3a1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
];

/// Around a host (`{h}`) and a port (`{p}`): schemes, names before it, ports, ends, and characters that
/// a reader drops.
const SHAPES: [&str; 58] = [
    "https://{h}:{p}/",
    "HTTP://{h}:{p}/",
    "hTt{p}s://{h}:{p}",
    "http:{h}:{p}/",
    "http:/{h}:{p}/",
    "http:///{h}:{p}/",
    "http://///{h}:{p}/",
    "//{h}:{p}/",
    "{h}:{p}/",
    "file://{h}/etc/passwd",
    "ftp://{h}:{p}/",
    "gopher://{h}:{p}/_x",
    "dict://{h}:{p}/x",
    "ldap://{h}:{p}/",
    "ws://{h}:{p}/",
    "jar:http://{h}:{p}/!/",
    "view-source:http://{h}:{p}/",
    "feed:http://{h}:{p}/",
    "blob:http://{h}:{p}/",
    "url:http://{h}:{p}/",
    "http://ada@{h}:{p}/",
    "http://ada:secret@{h}:{p}/",
    "http://@{h}:{p}/",
    "http://:@{h}:{p}/",
    "http://example.org@{h}:{p}/",
    "http://example.org:80@{h}:{p}/",
    "http://example.org%40{h}:{p}/",
    "http://example.org#@{h}:{p}/",
    "http://example.org?@{h}:{p}/",
    "http://example.org\\@{h}:{p}/",
    "http://example.org;@{h}:{p}/",
    "http://{h}:{p}#@example.org/",
    "http://{h}:{p}?@example.org/",
    "http://{h}:{p}\\@example.org/",
    "http://{h}:{p}%2f@example.org/",
    "http://{h}:{p}%20.example.org/",
    "http://{h}%00.example.org:{p}/",
    "http://{h}%0d%0ahost:%20example.org:{p}/",
    "http:\\\\{h}:{p}\\",
    "http:/\\{h}:{p}/",
    "\\\\{h}:{p}\\share",
    "http://{h}",
    "http://{h}:",
    "http://{h}:80/",
    "http://{h}:0{p}/",
    "http://{h}:+{p}/",
    "http://{h}:0/",
    "http://{h}:65536/",
    "http://{h}:{p}/../../a",
    "http://{h}:{p}/%2e%2e/;a?b#c",
    " http://{h}:{p}/ ",
    "\u{feff}http://{h}:{p}/",
    "\u{a0}http://{h}:{p}/\u{2028}",
    "ht\ttp://{h}:{p}/",
    "http:/\n/{h}:{p}/",
    "http://\r{h}:{p}/",
    "http://{h}\t:{p}/",
    "http://{h}:{p}\n/",
];
/// Hosts that every shape is put around.
const SHAPED: [&str; 4] = ["127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "localhost"];

/// Every address of the corpus; those that take a port name this one.
pub fn all(port: u16) -> Vec<String> {
    let mut hosts: Vec<String> = NUMBERS.iter().flat_map(|number| numeric(*number)).collect();
    hosts.extend(NUMBERS.iter().flat_map(|number| disguised(*number)).map(|ip| format!("[{ip}]")));
    hosts.extend(NUMBERS.iter().flat_map(|number| written_out(*number)));
    hosts.extend(WHOLE_V6.map(str::to_owned));
    hosts.extend(NAMES.iter().flat_map(|name| spelled(name)));
    let plain = hosts.into_iter().map(|host| format!("http://{host}:{port}/"));
    let port = port.to_string();
    let shaped = SHAPED.iter().flat_map(|host| {
        let port = port.clone();
        SHAPES.map(move |shape| shape.replace("{h}", host).replace("{p}", &port))
    });
    plain.chain(shaped).collect()
}

/// The notations that readers of addresses take for a number: C's, and what IDNA makes plain.
fn numeric(number: [u8; 4]) -> Vec<String> {
    let [a, b, c, d] = number;
    let whole = u32::from_be_bytes(number);
    let (last3, last2) = (whole & 0xff_ffff, whole & 0xffff);
    let plain = format!("{a}.{b}.{c}.{d}");
    let digits = |zero: char| -> String {
        let zero = zero as u32;
        let digit = |c: char| c.to_digit(10).and_then(|n| char::from_u32(zero + n));
        plain.chars().map(|c| digit(c).unwrap_or(c)).collect()
    };
    let escaped: String = plain.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let shifted = |by: u64| (u64::from(whole) + by).to_string();
    vec![
        format!("{plain}."),
        whole.to_string(),
        format!("0x{whole:x}"),
        format!("0X{whole:08X}"),
        format!("0{whole:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("000000{a:o}.00{b:o}.0000{c:o}.0{d:o}"),
        format!("0x{a:x}.0{b:o}.{c}.{d}"),
        format!("{a}.{last3}"),
        format!("{a}.{b}.{last2}"),
        format!("0x{a:x}.0x{last3:x}"),
        format!("0{a:o}.0{last3:o}."),
        digits('０'),
        digits('𝟎'),
        digits('𝟶').replace('.', "。"),
        plain.replace('.', "．"),
        plain.replace('.', "｡"),
        plain.replace('1', "①").replace('2', "²"),
        escaped,
        plain.replace('.', "%2e"),
        plain.replace('.', "%E3%80%82"),
        plain.replace('.', "\u{ad}."),
        format!("\u{200b}{plain}"),
        shifted(1 << 32),
        plain,
    ]
}

/// IPv6 that leads to it: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
pub fn disguised(number: [u8; 4]) -> Vec<Ipv6Addr> {
    let ip = Ipv4Addr::from(number);
    let whole = ip.to_bits();
    let (high, low) = ((whole >> 16) as u16, (whole & 0xffff) as u16);
    vec![
        ip.to_ipv6_mapped(),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, 0x4136, 0xe378, 0x8000, 0x63bf, !high, !low),
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0x5efe, high, low),
    ]
}

/// The same in other letters than a reader would choose.
fn written_out(number: [u8; 4]) -> Vec<String> {
    let [a, b, c, d] = number;
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    vec![
        format!("[::FFFF:{a}.{b}.{c}.{d}]"),
        format!("[0:0:0:0:0:ffff:{high:04x}:{low:04X}]"),
        format!("[0000:0000:0000:0000:0000:FFFF:{high:04X}:{low:04x}]"),
        format!("[::ffff:0:{a}.{b}.{c}.{d}]"),
        format!("[64:FF9B::{a}.{b}.{c}.{d}]"),
        format!("[2002:{high:x}:{low:x}:0::]"),
    ]
}

fn spelled(name: &str) -> Vec<String> {
    let first = name.as_bytes()[0];
    let wide = |c: char| match c {
        'a'..='z' => char::from_u32(c as u32 - 'a' as u32 + 'ａ' as u32).unwrap_or(c),
        _ => c,
    };
    vec![
        name.to_owned(),
        name.to_uppercase(),
        format!("{name}."),
        format!("%{first:02x}{}", &name[1..]),
        name.chars().map(wide).collect(),
        format!("{}\u{ad}{}", &name[..1], &name[1..]),
        name.replace('s', "ſ").replace('k', "\u{212a}"),
    ]
}

/// Addresses that are nobody's secret; the check must let them through.
pub const ORDINARY: [&str; 24] = [
    "https://example.org",
    "http://example.org/",
    "example.org/a/b?c=d",
    "https://www.example.org/~ada/index.html",
    "https://EXAMPLE.org./a#b",
    "http://example.org:8080/",
    "https://example.org:8443/a",
    "https://a.b.c.d.example.org/",
    "https://münchen.de/rathaus",
    "https://xn--mnchen-3ya.de/",
    "https://例え.テスト/",
    "https://10.example.org/",
    "https://127.example.org/",
    "https://localhost.example.org/",
    "https://example.org/?u=http://127.0.0.1/",
    "https://example.org/127.0.0.1",
    "https://example.org/a@b",
    "https://example.org/%2e%2e/a",
    "http://93.184.215.14/",
    "http://1572395790/",
    "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    "http://1.1.1.1/",
    "http://172.32.0.1/",
    "http://192.169.0.1:8080/",
];
