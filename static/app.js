// What the pages can't do by themselves: hear what happens, send without reloading, a few keys.
// Every page works without this file.
"use strict";
(() => {
  const FOLLOW_PX = 120, HIDDEN_MS = 60_000, RETRY_MS = 3_000;
  // The one way in for HTML. It comes from our own server alone, which escaped and cleaned it.
  const rules = { createHTML: html => html }, policy = window.trustedTypes?.createPolicy("steward", rules) ?? rules;
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, props) => Object.assign(document.createElement(tag), props);
  const nodes = html => make("template", { innerHTML: policy.createHTML(html) }).content;
  const page = document.scrollingElement;
  const atEnd = () => page.scrollHeight - innerHeight - page.scrollTop < FOLLOW_PX, toEnd = () => page.scrollTo(0, page.scrollHeight);

  // Buttons that only a script can serve.
  const dress = root => {
    for (const code of all("figure.code:not(:has(button))", root)) code.append(make("button", { type: "button", textContent: "Copy" }));
    for (const button of all("[data-copy], [data-palette]", root)) button.hidden = false;
  };

  // The stream: server events change the page in place. `seq` is where it goes on after a break.
  let source, sleep, seq = 0;
  const seen = new Set(); const change = (work, counts) => {
    const follow = $("#log") && atEnd();
    work();
    if (follow) toEnd();
    else if (counts && $("[data-newer]")) $("[data-newer]").hidden = false;
  };
  const insert = (run, html) => { // before what is still being written
    const added = nodes(html), end = run && $(`#tail-${CSS.escape(run)}`);
    dress(added);
    end ? end.before(added) : $("#log")?.append(added);
  };
  // A fold that has an id stays the very one, with what is half-typed in it.
  const kept = added => (all("details[id]", added).forEach(it => it.replaceWith(document.getElementById(it.id) ?? it)), added);
  const put = (id, run, html) => {
    const old = document.getElementById(id), at = document.activeElement;
    if (!old) return insert(run, html);
    const folds = all("details:not([id])", old), added = kept(nodes(html));
    all("details:not([id])", added).forEach((it, i) => { it.open ||= folds[i]?.open; });
    dress(added);
    old.replaceWith(added);
    if (at?.isConnected && at !== document.activeElement) at.focus({ preventScroll: true });
  };
  const tail = (run, html) => $(`#tail-${CSS.escape(run)}`)?.replaceChildren(nodes(html));
  const hear = {
    seal: it => seen.has(it.seq) || change(() => { seen.add(it.seq); insert(it.run, it.html); tail(it.run, it.tail ?? ""); }, true),
    tail: it => change(() => tail(it.run, it.html)),
    put: it => change(() => { $("#hello")?.remove(); put(it.id, it.run, it.html); }, true),
    state: it => {
      $("#composer").dataset.running = it.running;
      $("[data-stop]").hidden = !it.running;
      $("[data-send]").hidden = it.running;
      $("#say").textContent = it.say;
    },
    badge: it => {
      for (const badge of all("[data-badge]")) { badge.hidden = it.waiting === 0; badge.firstChild.textContent = it.waiting; }
      document.title = (it.waiting ? `(${it.waiting}) ` : "") + document.title.replace(/^\(\d+\) /, "");
    },
    bar: it => { $(".news > .notice")?.remove(); $(".news")?.prepend(nodes(it.html)); for (const entry of all("[data-paused]")) entry.hidden = (entry.dataset.paused === "yes") !== !!it.html; },
    note: it => $("#flash")?.replaceChildren(nodes(it.html)),
  };
  const live = on => {
    const mark = $("#live"); mark.hidden = false;
    mark.dataset.state = on ? "on" : "off";
    mark.firstElementChild.textContent = on ? "Live" : "Reconnecting…";
    if (on && $("#lost")) hear.note({ html: "<div class='flash' role='status'><p>Steward is back. What you typed is still here; try again.</p></div>" });
  };
  const open = () => {
    const url = document.body.dataset.stream;
    if (!url || source) return;
    seq ||= $("#log")?.dataset.seq ?? 0;
    source = new EventSource(`${url}?after=${seq}`);
    source.onopen = () => live(true);
    source.onerror = () => {
      live(false);
      if (source?.readyState === EventSource.CLOSED) { shut(); setTimeout(open, RETRY_MS); }
    };
    for (const kind in hear) source.addEventListener(kind, event => { seq = event.lastEventId || seq; hear[kind](JSON.parse(event.data)); });
  };
  const shut = () => { source?.close(); source = undefined; };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(sleep);
    document.hidden ? sleep = setTimeout(shut, HIDDEN_MS) : open();
  });

  // Forms marked `data-live` are sent in place. 204: the stream tells the rest. Anything else is a
  // page, whose main part takes the place of ours.
  const send = async (form, button) => {
    const body = new FormData(form, button);
    const plain = form.enctype === "application/x-www-form-urlencoded";
    const options = { method: "POST", headers: { "X-Live": "1" }, body: plain ? new URLSearchParams(body) : body };
    const reply = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, options);
    if (reply.status === 204) return true;
    const next = new DOMParser().parseFromString(policy.createHTML(await reply.text()), "text/html");
    if (next.body.className !== document.body.className && reply.status !== 401) return location.assign(reply.url);
    if (reply.redirected) history.pushState(null, "", reply.url);
    document.title = next.title;
    const keep = document.activeElement?.id;
    dress(next);
    $("main").replaceWith(kept(document.adoptNode($("main", next))));
    fill();
    document.body.dataset.stream = next.body.dataset.stream ?? "";
    ($("[aria-invalid=true]") ?? document.getElementById(keep))?.focus();
    shut(); seq = 0; open();
  };
  const busy = button => {
    if (!button) return () => {};
    const was = [...button.childNodes];
    setTimeout(() => { button.disabled = true; if (button.dataset.word) button.replaceChildren(button.dataset.word); });
    return () => setTimeout(() => { button.disabled = false; button.replaceChildren(...was); });
  };
  document.addEventListener("submit", async event => {
    const form = event.target, button = event.submitter, says = form.id === "composer" && button !== $("[data-stop]");
    const said = says && form.text.value, key = draft();
    if (says && (form.ariaBusy || !said.trim() && !form.file.files.length)) return event.preventDefault();
    if (!("live" in form.dataset)) { if (says) sessionStorage.removeItem(key); return form.method === "post" && busy(button); }
    event.preventDefault();
    const done = busy(button); if (says) form.ariaBusy = "true";
    try {
      const sent = await send(form, button), more = says && form.text.value.replace(said, "").trimStart(); // typed meanwhile
      if (sent && says) { hear.note({ html: "" }); form.reset(); form.text.value = more; sessionStorage.removeItem(key); grow(); files(); toEnd(); }
    } catch {
      hear.note({ html: "<div class='flash failed' id='lost' role='alert'><p>Steward can’t be reached just now. What you typed is still here; try again.</p></div>" });
    }
    done(); form.ariaBusy = null;
  });
  addEventListener("popstate", () => location.reload());

  // The composer.
  const draft = () => `draft ${$("#hello") ? "/chat" : location.pathname}`;
  const fill = () => { if ($("#text") && !$("#text").value) $("#text").value = sessionStorage.getItem(draft()) ?? ""; };
  const grow = () => {
    const text = $("#text"); sessionStorage.setItem(draft(), text.value);
    if (!CSS.supports("field-sizing", "content")) text.rows = Math.min(12, text.value.split("\n").length);
  };
  const files = () => {
    const list = $("#chosen"), chosen = [...$("#composer").file.files];
    list.hidden = !chosen.length;
    list.replaceChildren(...chosen.map(file => make("span", { textContent: file.name })));
  };
  const attach = more => {
    const box = new DataTransfer();
    for (const file of [...$("#composer").file.files, ...more]) box.items.add(file);
    $("#composer").file.files = box.files; files();
  };
  const on = (kind, what) => document.addEventListener(kind, event => { if ($("#composer")) what(event); });
  on("input", event => { if (event.target.id === "text") grow(); });
  on("change", event => { if (event.target.name === "file") files(); });
  on("paste", event => { if (event.clipboardData.files.length) { event.preventDefault(); attach(event.clipboardData.files); } });
  on("dragover", event => event.preventDefault());
  on("drop", event => { event.preventDefault(); attach(event.dataTransfer.files); });

  // Go to: the navigation's links, filtered while typing; Enter takes the first, arrows go along them.
  const palette = () => {
    const dialog = make("dialog", { className: "palette", ariaLabel: "Go to a page" });
    const input = make("input", { type: "search", placeholder: "Go to…", ariaLabel: "Page" }), list = make("ul", {});
    list.append(...all("#nav li").map(entry => entry.cloneNode(true)));
    input.oninput = () => all("li", list).forEach(it => { it.hidden = !it.textContent.toLowerCase().includes(input.value.trim().toLowerCase()); });
    input.onkeydown = event => { if (event.key === "Enter") $("li:not([hidden]) a", list)?.click(); };
    dialog.onkeydown = event => { const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], stops = [input, ...all("li:not([hidden]) a", list)];
      if (step) { event.preventDefault(); stops.at((stops.indexOf(document.activeElement) + step) % stops.length).focus(); } };
    dialog.onclose = () => dialog.remove();
    dialog.append(input, list);
    document.body.append(dialog);
    dialog.showModal();
  };

  document.addEventListener("keydown", event => {
    const { key, target } = event, form = $("#composer");
    if ((event.ctrlKey || event.metaKey) && key === "k") { event.preventDefault(); if (!$("dialog.palette")) palette(); }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const sends = target.id === "text" && key === "Enter" && !event.shiftKey && !matchMedia("(pointer: coarse)").matches;
    if (sends) { event.preventDefault(); form.requestSubmit($("[data-send]")); }
    if (key === "ArrowUp" && target.id === "text" && !target.value) { event.preventDefault(); target.value = all(".bubble").at(-1)?.textContent ?? ""; grow(); }
    if (key === "Escape" && form?.dataset.running === "true" && !$("dialog[open], :popover-open")) $("[data-stop]").click();
    if (target.closest?.("input, textarea, select") || document.body.dataset.keys === "off") return;
    if (key === "n") location.assign("/chat"); else if (key === "?") $("#help")?.togglePopover();
    if (key === "/") { event.preventDefault(); ($("main.page [data-filter]") ?? $("#text"))?.focus(); }
    // Approvals: only a card that was gone to is answered, so that no key answers by accident.
    const cards = all("main.page .approval:not(.settled)"), at = cards.indexOf(target.closest?.(".approval"));
    const act = { a: "form.actions [value=approve]", e: "a[href$='/edit']", d: "form.actions [value=deny]" }[key];
    if (key === "j" || key === "k") cards[key === "j" ? at + 1 : at - 1]?.focus();
    if (act && at >= 0 && !event.repeat) $(act, cards[at])?.click();
  });
  document.addEventListener("click", async event => {
    const button = event.target.closest("button"), figure = button?.closest("figure.code");
    if (button && "palette" in button.dataset) palette();
    if (button && "newer" in button.dataset) { toEnd(); button.hidden = true; }
    const from = figure ? [$("code", figure)] : all(".prose, code.name", document.getElementById(button?.dataset.copy) ?? nodes(""));
    if (!from.length) return;
    await navigator.clipboard.writeText(from.map(it => it.innerText).join("\n"));
    button.textContent = "Copied";
  });

  dress(document); fill();
  if ($("#log")?.childElementCount && !$("#hello")) toEnd();
  open();
})();
