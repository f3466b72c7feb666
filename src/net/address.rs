//! What kind of place an internet number stands for. Everything but the public internet is refused.
//!
//! After the IANA special-purpose registries (RFC 6890 and its updates). Numbers that hide another
//! number (IPv4 inside IPv6, tunnels, translators) are refused whatever they hide: no page needs them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    Public,
    Loopback,
    Private,
    /// Carrier-grade NAT; also what some home VPNs hand out.
    Carrier,
    LinkLocal,
    /// Where clouds hand out keys to whoever asks.
    Metadata,
    Unspecified,
    Multicast,
    Documentation,
    Benchmark,
    /// An IPv4 number dressed as IPv6, or a tunnel or translator that leads to one.
    Disguised,
    Reserved,
}

/// Ours, by prefix and length: the first that holds the number decides.
const V4: [(Ipv4Addr, u32, AddressKind); 18] = [
    (Ipv4Addr::new(169, 254, 169, 254), 32, AddressKind::Metadata),
    (Ipv4Addr::new(169, 254, 170, 0), 24, AddressKind::Metadata),
    (Ipv4Addr::new(100, 100, 100, 200), 32, AddressKind::Metadata),
    (Ipv4Addr::new(168, 63, 129, 16), 32, AddressKind::Metadata),
    (Ipv4Addr::new(192, 0, 0, 192), 32, AddressKind::Metadata),
    (Ipv4Addr::new(0, 0, 0, 0), 8, AddressKind::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, AddressKind::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, AddressKind::Carrier),
    (Ipv4Addr::new(127, 0, 0, 0), 8, AddressKind::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, AddressKind::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, AddressKind::Private),
    (Ipv4Addr::new(192, 0, 2, 0), 24, AddressKind::Documentation),
    (Ipv4Addr::new(192, 168, 0, 0), 16, AddressKind::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, AddressKind::Benchmark),
    (Ipv4Addr::new(198, 51, 100, 0), 24, AddressKind::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, AddressKind::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, AddressKind::Multicast),
    (Ipv4Addr::new(192, 88, 99, 0), 24, AddressKind::Disguised),
];

const V6: [(Ipv6Addr, u32, AddressKind); 19] = [
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, AddressKind::Metadata),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, AddressKind::Metadata),
    (Ipv6Addr::UNSPECIFIED, 128, AddressKind::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, AddressKind::Loopback),
    // IPv4-compatible, -mapped and -translated (RFC 4291, RFC 2765).
    (Ipv6Addr::UNSPECIFIED, 96, AddressKind::Disguised),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, AddressKind::Disguised),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, AddressKind::Disguised),
    // NAT64 (RFC 6052) and its local prefix (RFC 8215).
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, AddressKind::Disguised),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, AddressKind::Disguised),
    // Teredo (RFC 4380), 6to4 (RFC 3056).
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, AddressKind::Disguised),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, AddressKind::Disguised),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, AddressKind::Benchmark),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, AddressKind::Documentation),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, AddressKind::Documentation),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, AddressKind::Reserved),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, AddressKind::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, AddressKind::LinkLocal),
    // Site-local, long withdrawn (RFC 3879) and still routed in some homes.
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, AddressKind::Private),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, AddressKind::Multicast),
];

impl AddressKind {
    pub fn of(ip: IpAddr) -> AddressKind {
        match ip {
            IpAddr::V4(ip) => of_v4(ip),
            IpAddr::V6(ip) => of_v6(ip),
        }
    }

    /// Why it is not reached, to follow "… is"; nothing for a public address.
    pub fn refusal(self) -> Option<&'static str> {
        Some(match self {
            AddressKind::Public => return None,
            AddressKind::Loopback => "this machine itself",
            AddressKind::Private => "an address of the home network",
            AddressKind::Carrier => "an address inside a provider's own network",
            AddressKind::LinkLocal => "an address of the local cable",
            AddressKind::Metadata => "a cloud's address for handing out keys",
            AddressKind::Unspecified => "no address at all",
            AddressKind::Multicast => "an address of many machines at once",
            AddressKind::Documentation => "an address that exists in manuals only",
            AddressKind::Benchmark => "an address for measuring networks",
            AddressKind::Disguised => "an address that hides another address",
            AddressKind::Reserved => "an address set aside for nobody",
        })
    }

    /// May `private_allowed` make an exception of it?
    pub fn can_be_at_home(self) -> bool {
        use AddressKind::{Carrier, LinkLocal, Loopback, Private, Public};
        matches!(self, Public | Loopback | Private | Carrier | LinkLocal)
    }

    /// May a server that the owner entered be there?
    pub fn can_be_a_server(self) -> bool {
        self.can_be_at_home() || self == AddressKind::Disguised
    }
}

fn of_v4(ip: Ipv4Addr) -> AddressKind {
    let holds = |net: Ipv4Addr, length: u32| (ip.to_bits() ^ net.to_bits()) >> (32 - length) == 0;
    let known = V4.iter().find(|(net, length, _)| holds(*net, *length));
    match known {
        Some((_, _, kind)) => *kind,
        None if holds(Ipv4Addr::new(192, 0, 0, 0), 24) => AddressKind::Reserved,
        None if ip.octets()[0] >= 240 => AddressKind::Reserved,
        None => AddressKind::Public,
    }
}

fn of_v6(ip: Ipv6Addr) -> AddressKind {
    let holds = |net: Ipv6Addr, length: u32| (ip.to_bits() ^ net.to_bits()) >> (128 - length) == 0;
    let known = V6.iter().find(|(net, length, _)| holds(*net, *length));
    match known {
        Some((_, _, kind)) => *kind,
        // Only 2000::/3 has ever been handed out.
        None if ip.segments()[0] >> 13 == 1 => AddressKind::Public,
        None => AddressKind::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::AddressKind::*;
    use super::*;

    #[test]
    fn every_special_range_is_known_to_its_last_number() {
        let table = [
            ("0.0.0.0 0.255.255.255", Unspecified),
            ("10.0.0.0 10.255.255.255", Private),
            ("100.64.0.0 100.127.255.255", Carrier),
            ("100.100.100.200", Metadata),
            ("127.0.0.0 127.0.0.1 127.255.255.255", Loopback),
            ("168.63.129.16", Metadata),
            ("169.254.0.0 169.254.255.255", LinkLocal),
            ("169.254.169.254 169.254.170.2", Metadata),
            ("172.16.0.0 172.31.255.255", Private),
            ("192.0.0.0 192.0.0.255", Reserved),
            ("192.0.0.192", Metadata),
            ("192.0.2.0 192.0.2.255 198.51.100.7 203.0.113.255", Documentation),
            ("192.88.99.1", Disguised),
            ("192.168.0.0 192.168.255.255", Private),
            ("198.18.0.0 198.19.255.255", Benchmark),
            ("224.0.0.0 239.255.255.255", Multicast),
            ("240.0.0.0 255.255.255.255", Reserved),
            ("::", Unspecified),
            ("::1", Loopback),
            (
                "::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:7f00:1",
                Disguised,
            ),
            ("64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 64:ff9b:1:ffff:ffff::", Disguised),
            ("2001::1 2001:0:ffff::", Disguised),
            ("2002:: 2002:7f00:1:: 2002:ffff::1", Disguised),
            ("2001:2::1", Benchmark),
            ("2001:10::1 2001:20::1 2001:1ff:ffff::", Reserved),
            ("2001:db8::1 2001:db8:ffff:: 3fff::1 3fff:fff::", Documentation),
            ("fc00::1 fdff:ffff:: fec0::1 feff::1", Private),
            ("fd00:ec2::254 fd20:ce::254", Metadata),
            ("fe80::1 febf:ffff::", LinkLocal),
            ("ff00:: ff02::1 ffff::1", Multicast),
            ("100::1 5f00::1 4000::1 8000::1 e000::1 64:ff9b::1:0:0:0", Reserved),
            ("1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0", Public),
            (
                "126.255.255.255 128.0.0.0 172.15.255.255 172.32.0.0 192.0.1.0 198.17.255.255",
                Public,
            ),
            ("198.20.0.0 223.255.255.255 169.253.255.255 169.255.0.0 191.255.255.255", Public),
            ("2001:200:: 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1 3ffe::1", Public),
        ];
        for (ips, kind) in table {
            for ip in ips.split(' ') {
                assert_eq!(AddressKind::of(ip.parse().unwrap()), kind, "{ip}");
            }
        }
    }

    #[test]
    fn only_public_addresses_have_no_refusal() {
        assert_eq!(Public.refusal(), None);
        for kind in [Loopback, Private, Metadata, Disguised, Reserved, Multicast] {
            assert!(kind.refusal().is_some());
        }
    }
}
