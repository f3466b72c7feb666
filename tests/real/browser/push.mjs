// Being told in a browser that has no page open.

import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { check, env, noProblems, signedIn, url } from "./browser.mjs";

/// RFC 8291 from the browser's side, by another library than the program's.
function read(body, keys, auth) {
  const [salt, theirs, record] = [body.subarray(0, 16), body.subarray(21, 86), body.subarray(86)];
  const derive = (secret, salt, info, length) => Buffer.from(hkdfSync("sha256", secret, salt, info, length));
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), keys.getPublicKey(), theirs]);
  const secret = derive(keys.computeSecret(theirs), auth, info, 32);
  const key = derive(secret, salt, "Content-Encoding: aes128gcm\0", 16);
  const nonce = derive(secret, salt, "Content-Encoding: nonce\0", 12);
  const open = createDecipheriv("aes-128-gcm", key, nonce);
  open.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([open.update(record.subarray(0, -16)), open.final()]);
  return plain.subarray(0, plain.lastIndexOf(2)).toString();
}

/// The maker's push service is played: it can't be reached from a test. All else is Chromium's own.
export async function told_by_a_push() {
  const keys = createECDH("prime256v1");
  keys.generateKeys();
  const auth = randomBytes(16), pushes = [];
  const service = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => { pushes.push(Buffer.concat(parts)); response.writeHead(201).end(); });
  }).listen(Number(env.PUSH_PORT), "127.0.0.1");

  const page = await signedIn({ permissions: ["notifications"] });
  const subscription = {
    endpoint: `http://127.0.0.1:${env.PUSH_PORT}/push/one`, expirationTime: null,
    keys: { p256dh: keys.getPublicKey("base64url"), auth: auth.toString("base64url") },
  };
  await page.addInitScript((made) => {
    PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
      if (applicationServerKey.length !== 87) throw new Error("that is no key");
      return { toJSON: () => made };
    };
  }, subscription);

  const devtools = await page.context().newCDPSession(page);
  const known = new Promise((done) => devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    if (registrations[0]) done(registrations[0]);
  }));
  await devtools.send("ServiceWorker.enable");

  await page.goto(url("/notifications/channels"));
  await page.getByRole("button", { name: "Tell me in this browser" }).click();
  await page.getByRole("listitem").filter({ hasText: "Chrome on Linux" }).waitFor();
  await page.getByRole("button", { name: "Send a test over Chrome on Linux" }).click();
  await page.getByText("127.0.0.1 took it.").waitFor();
  check(pushes.length === 1, `${pushes.length} pushes came`);
  const data = read(pushes[0], keys, auth);
  check(!pushes[0].includes("This is a test"), "whoever carries it can't read it");

  const { registrationId } = await known;
  await devtools.send("ServiceWorker.deliverPushMessage", { origin: new URL(url("/")).origin, registrationId, data });
  const shown = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration("/static/");
    for (let left = 100; left; left--) {
      const [one] = await registration.getNotifications();
      if (one) return { title: one.title, body: one.body, leads: one.data };
      await new Promise((done) => setTimeout(done, 50));
    }
  });
  const wanted = { title: "Steward", body: "This is a test. You will be told things here.", leads: "/notifications" };
  check(JSON.stringify(shown) === JSON.stringify(wanted), `shown was ${JSON.stringify(shown)}`);
  noProblems(page);
  service.close();
}
