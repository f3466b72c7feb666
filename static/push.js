// Being told in this browser: asks for leave, subscribes, and hands the subscription in.
"use strict";
(() => {
  const box = document.getElementById("this-browser");
  if (!box) return;
  const button = box.querySelector("button"), say = box.querySelector("[role=status]");
  const able = isSecureContext && "serviceWorker" in navigator && "PushManager" in window;
  if (!able) {
    say.textContent = isSecureContext ? "This browser can’t be told things while no page is open." : "Browsers allow this over https alone.";
    return;
  }
  // The one worker there is, and nothing else.
  const { worker } = box.dataset;
  const rules = { createScriptURL: url => { if (url !== worker) throw new TypeError("not the worker"); return url; } };
  const policy = window.trustedTypes?.createPolicy("push", rules) ?? rules;

  const active = async registration => {
    const it = registration.installing ?? registration.waiting ?? registration.active;
    if (it.state !== "activated") await new Promise(done => it.addEventListener("statechange", () => it.state === "activated" && done()));
    return registration;
  };
  const name = () => {
    const brand = /Firefox|Edg|OPR|Chrome|Safari/.exec(navigator.userAgent)?.[0] ?? "A browser";
    const place = /Android|iPhone|iPad|Windows|Mac|Linux/.exec(navigator.userAgent)?.[0];
    return place ? `${{ Edg: "Edge", OPR: "Opera" }[brand] ?? brand} on ${place}` : brand;
  };
  const answer = async response => {
    const json = await response.json();
    if (!response.ok) throw new Error(json.error);
    return json;
  };
  const subscribe = async () => {
    if (await Notification.requestPermission() !== "granted") throw new Error("The browser was told not to allow it. Allow notifications for this site, and press again.");
    const { public_key } = await answer(await fetch("/api/push/key"));
    const { pushManager } = await active(await navigator.serviceWorker.register(policy.createScriptURL(worker)));
    const options = { userVisibleOnly: true, applicationServerKey: public_key };
    const made = await pushManager.subscribe(options).catch(async error => {
      // It subscribed under another key before.
      if (error.name !== "InvalidStateError") throw error;
      await (await pushManager.getSubscription())?.unsubscribe();
      return pushManager.subscribe(options);
    });
    const body = JSON.stringify({ ...made.toJSON(), name: name() });
    await answer(await fetch("/api/push/subscriptions", { method: "POST", headers: { "content-type": "application/json" }, body }));
  };

  button.hidden = false;
  say.textContent = "";
  button.addEventListener("click", async () => {
    button.disabled = true;
    say.textContent = "Asking the browser…";
    try {
      await subscribe();
      location.assign("/notifications/channels");
    } catch (error) {
      say.textContent = `That did not work: ${error.message}`;
      button.disabled = false;
    }
  });
})();
