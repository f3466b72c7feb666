// Runs while no page is open: shows what was told, and opens the page it leads to.
"use strict";
self.addEventListener("push", event => {
  const said = event.data?.json() ?? {};
  const shown = self.registration.showNotification(said.title ?? "Steward", { body: said.body, tag: said.tag, data: said.url });
  event.waitUntil(shown);
});

self.addEventListener("notificationclick", event => {
  event.notification.close();
  const url = new URL(event.notification.data ?? "/notifications", self.location.origin);
  if (url.origin !== self.location.origin) return;
  const show = async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find(page => page.url === url.href);
    return there ? there.focus() : self.clients.openWindow(url.href);
  };
  event.waitUntil(show());
});
