// The living parts of every page: server clock, countdowns, keyboard, small conveniences of forms. What stands around it:
// swap.js (how a refresh comes into a page), live.js and stream.js (the live line), calls.js (the horn).
// Time shown is the server's: the page carries its instant, the live line corrects it with every heartbeat.
"use strict";
(function () {
  const body = document.body;
  const words = body.dataset;
  let offset = Number(words.now || Date.now()) - Date.now();
  const serverNow = () => Date.now() + offset;
  window.anlan = {
    now: serverNow,
    clock(now) { offset = now - Date.now(); },
    isWriting: () => false, // swap.js knows better
    leave() { location.reload(); }, // live.js knows better
    still(change) { if (pressed) waiting.add(change); else change(); },
  };

  // Nothing moves under a finger: a change of the page that comes between press and release waits for the release, or
  // the release meets something else than what was pressed. A change given twice happens once.
  let pressed = false;
  const waiting = new Set();
  function released() {
    pressed = false;
    setTimeout(() => { // after the click that this release becomes
      if (pressed) return;
      const changes = Array.from(waiting);
      waiting.clear();
      changes.forEach((change) => change());
    });
  }
  document.addEventListener("pointerdown", () => { pressed = true; }, { capture: true, passive: true });
  ["pointerup", "pointercancel"].forEach((name) => document.addEventListener(name, released, { capture: true, passive: true }));
  // a release outside the window is not told: the next movement without a button says it
  document.addEventListener("pointermove", (e) => { if (pressed && !e.buttons) released(); }, { capture: true, passive: true });

  const two = (n) => String(n).padStart(2, "0");

  // --- time -------------------------------------------------------------------------------------------------------
  function clockWords(ms) {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 3600) return two(Math.floor(s / 60)) + ":" + two(s % 60);
    const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return h < 48 ? h + ":" + two(m) : Math.floor(h / 24) + " " + words.wDay + " " + (h % 24) + ":" + two(m);
  }
  function durationWords(ms) {
    const m = Math.floor(Math.max(0, ms) / 60000);
    if (m === 0) return words.wMoment;
    if (m < 60) return m + " " + words.wMinute;
    const h = Math.floor(m / 60);
    if (h < 24) return h + " " + words.wHour + " " + (m % 60) + " " + words.wMinute;
    return Math.floor(h / 24) + " " + words.wDay + " " + (h % 24) + " " + words.wHour;
  }
  function set(element, text) { if (element.textContent !== text) element.textContent = text; }
  function tick() {
    const now = serverNow();
    const civil = new Date(now + 8 * 3600000); // Asia/Shanghai has kept +08:00 since 1991
    const shown = two(civil.getUTCHours()) + ":" + two(civil.getUTCMinutes()) + ":" + two(civil.getUTCSeconds());
    document.querySelectorAll("[data-clock]").forEach((e) => set(e, e.dataset.clock === "hm" ? shown.slice(0, 5) : shown));
    document.querySelectorAll("[data-due]").forEach((e) => {
      const left = Number(e.dataset.due) - now;
      set(e, left >= 0 ? clockWords(left) : words.wOver + " " + clockWords(-left));
      e.classList.toggle("hot", left >= 0 && left < 600000);
      e.classList.toggle("over", left < 0);
    });
    document.querySelectorAll("[data-since]").forEach((e) => set(e, durationWords(now - Number(e.dataset.since))));
    document.querySelectorAll("[data-age]").forEach((e) => {
      const m = Math.floor(Math.max(0, now - Number(e.dataset.age)) / 60000);
      set(e, m < 2880 ? Math.floor(m / 60) + ":" + two(m % 60) : Math.floor(m / 1440) + " " + words.wDay);
    });
    document.querySelectorAll("[data-sampled]").forEach((e) => {
      const old = Number(e.dataset.sampled) && now - Number(e.dataset.sampled) > Number(e.dataset.staleAfter || 60000);
      e.classList.toggle("stale", Boolean(old));
    });
  }
  setInterval(tick, 1000);

  // A refresh by the clock or by an event is no sign of life: an open page must not keep a session alive. The wall is
  // there to be looked at, not touched; its refresh counts.
  document.addEventListener("htmx:configRequest", (e) => {
    const by = e.detail.triggeringEvent;
    if (!(by && by.isTrusted) && !body.classList.contains("wall")) e.detail.headers["Anlan-Unattended"] = "1";
  });
  document.addEventListener("htmx:beforeOnLoad", (e) => {
    if (e.detail.xhr.status === 403 || e.detail.xhr.status === 401) { e.preventDefault(); window.anlan.leave(); }
  });
  document.addEventListener("htmx:beforeSwap", (e) => {
    // A log-in page must never be put into a fragment: the session has ended, so the whole page goes there.
    if (e.detail.xhr.responseURL && new URL(e.detail.xhr.responseURL).pathname.startsWith("/login")) {
      e.detail.shouldSwap = false;
      window.anlan.leave();
    }
  });

  // --- drawers: one open at a time, its opener says so -----------------------------------------------------------------
  const openersOf = (drawer) => Array.from(document.querySelectorAll("[data-open]")).filter((e) => e.dataset.open === drawer.id);
  function show(drawer, open) {
    drawer.hidden = !open;
    openersOf(drawer).forEach((e) => e.setAttribute("aria-expanded", String(open)));
  }

  // --- keyboard: / searches, j and k move, Enter opens ----------------------------------------------------------------
  // j and k move the real focus, to the row's own link where it has one: whoever listens hears the row, Enter opens it.
  function rows() { return Array.from(document.querySelectorAll("[data-href]")).filter((e) => e.offsetParent !== null); }
  let cursor = null; // the row at hand; a refresh changes it in place
  function mark(row) {
    document.querySelectorAll("[data-href].cursor").forEach((e) => { if (e !== row) { e.classList.remove("cursor"); e.removeAttribute("aria-current"); } });
    if (!row) return;
    row.classList.add("cursor");
    row.setAttribute("aria-current", "true");
  }
  function step(row) {
    cursor = row;
    mark(row);
    const own = Array.from(row.querySelectorAll("a[href]")).find((a) => a.getAttribute("href") === row.dataset.href && a.offsetParent !== null);
    if (!own) row.tabIndex = -1;
    (own || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  // Escape closes the drawer or the menu that it is pressed in and goes back to what opened it; what was typed stays.
  function leavePlace(from) {
    const drawer = from.closest("[data-drawer]"), menu = from.closest(".horn[open], .tabs details[open]");
    if (drawer) { show(drawer, false); const opener = openersOf(drawer).find((e) => e.offsetParent !== null); if (opener) opener.focus(); }
    else if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    else if (/^(INPUT|TEXTAREA|SELECT)$/.test(from.tagName)) from.blur();
  }
  document.addEventListener("keydown", (e) => {
    if (e.isComposing) return; // the input method's own keys
    if (e.key === "Escape") { leavePlace(e.target); return; }
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
    if (e.key === "/") {
      const field = document.querySelector("main [data-slash]") || document.querySelector("[data-slash]");
      if (field) { e.preventDefault(); field.focus(); field.select(); }
    } else if (e.key === "j" || e.key === "k") {
      const all = rows();
      if (!all.length) return;
      const at = all.indexOf(cursor);
      step(all[e.key === "j" ? Math.min(all.length - 1, at + 1) : Math.max(0, at === -1 ? 0 : at - 1)]);
    } else if (e.key === "Enter" && cursor && (e.target === body || e.target.id === "main" || e.target === cursor)) {
      location.href = cursor.dataset.href;
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    tick();
    if (cursor && cursor.isConnected) mark(cursor);
  });
  document.addEventListener("click", (e) => {
    const row = e.target.closest("[data-href]");
    if (row && !e.target.closest("a,button,input,select,textarea,label,form") && !String(getSelection())) location.href = row.dataset.href;
    const print = e.target.closest("[data-print]");
    if (print) window.print();
    const more = e.target.closest("[data-more]");
    if (more) more.setAttribute("aria-expanded", String(more.closest("form").classList.toggle("open")));
    const unfold = e.target.closest("[data-unfold]");
    if (unfold) unfold.setAttribute("aria-expanded", String(unfold.getAttribute("aria-expanded") !== "true"));
    const opener = e.target.closest("[data-open]");
    if (opener) {
      const panel = document.getElementById(opener.dataset.open);
      document.querySelectorAll("[data-drawer]").forEach((d) => { show(d, d === panel && panel.hidden); });
      if (panel && !panel.hidden) { const first = panel.querySelector("textarea,input:not([type=hidden]),select"); if (first) first.focus(); }
    }
  });

  // A link to a place opens what is folded there.
  function unfoldTarget() {
    const place = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    const unfold = place && (place.querySelector("[data-unfold]") || (place.closest(".panel") || place).querySelector("[data-unfold]"));
    if (unfold) unfold.setAttribute("aria-expanded", "true");
  }
  window.addEventListener("hashchange", unfoldTarget);
  unfoldTarget();

  // --- a long list to tick: some letters narrow it, what is ticked stays in sight -------------------------------------
  document.querySelectorAll(".pick").forEach((box) => {
    const choices = Array.from(box.querySelectorAll("label"), (label) => ({ row: label.parentElement, tick: label.querySelector("input"), text: label.textContent.toLowerCase() }));
    if (choices.length <= 12) return;
    const field = document.createElement("input"), count = document.createElement("span");
    field.type = "search";
    field.placeholder = words.wNarrow;
    field.setAttribute("aria-label", words.wNarrow);
    count.className = "help num";
    count.setAttribute("role", "status");
    function narrow() {
      const asked = field.value.toLowerCase().split(/\s+/);
      choices.forEach((c) => { c.row.hidden = !c.tick.checked && !asked.every((part) => c.text.includes(part)); });
      set(count, words.wTicked + " " + choices.filter((c) => c.tick.checked).length + " / " + choices.length);
    }
    field.addEventListener("input", narrow);
    field.addEventListener("keydown", (e) => { if (e.key === "Enter") e.preventDefault(); });
    box.addEventListener("change", narrow);
    box.before(field);
    box.after(count);
    narrow();
  });

  // --- forms: filters send themselves; a half-filled text survives leaving the page ------------------------------------
  document.addEventListener("change", (e) => {
    const form = e.target.closest("form[data-autosubmit]");
    if (form && e.target.type !== "search") form.requestSubmit();
  });

  // A draft belongs to one person and one act. It goes when the server says that the act is done (the words it shows
  // then, [data-done]), not when it is sent: a network that breaks off or a log-in that has run out takes no text.
  // The browser itself restores nothing (autocomplete off), so that what was sent does not come back with "back".
  const SENT = "anlan:sent"; // the draft on its way, in this tab
  const draftOf = (form) => "keep:" + words.person + ":" + form.dataset.keep;
  const kept = (form) => Array.from(form.querySelectorAll("textarea[name],input[type=text][name],input[type=datetime-local][name]"));
  function restore(form) {
    const draft = JSON.parse(localStorage.getItem(draftOf(form)) || "{}");
    kept(form).forEach((f) => { if (!f.value && draft[f.name]) f.value = draft[f.name]; });
  }
  function unsent(form, why) {
    const note = form.querySelector("[data-unsent]") || form.appendChild(document.createElement("p"));
    note.className = "note";
    note.dataset.unsent = "";
    note.setAttribute("role", "alert");
    set(note, why);
    note.scrollIntoView({ block: "nearest" });
  }
  const bytesOf = (box) => Array.from(box.querySelectorAll("input[type=file]")).flatMap((f) => Array.from(f.files))
    .reduce((sum, file) => sum + file.size, 0);
  document.addEventListener("submit", (e) => {
    // files that together are too much: the server would hang up in the middle of them
    const heavy = Array.from(e.target.querySelectorAll("[data-most]")).find((box) => bytesOf(box) > Number(box.dataset.most));
    if (heavy) {
      e.preventDefault();
      unsent(e.target, heavy.dataset.wMost);
      return;
    }
    if (!navigator.onLine && e.target.method === "post" && !e.defaultPrevented) { // else the browser's own error page
      e.preventDefault();
      unsent(e.target, words.wUnsent);
      return;
    }
    if (e.target.dataset.keep) sessionStorage.setItem(SENT, draftOf(e.target));
    e.target.querySelectorAll("button[type=submit]").forEach((b) => { setTimeout(() => { b.disabled = true; }, 0); });
  });
  // A form that came back with what is wrong about it is the answer to a sending: "back" and "reload" would lead to the
  // browser's own error page. They read its address instead; the draft brings the words back.
  history.replaceState(history.state, "", location.href);
  window.addEventListener("pageshow", (e) => {
    document.querySelectorAll("button[type=submit]").forEach((b) => { b.disabled = false; });
    if (e.persisted) document.querySelectorAll("form[data-keep]").forEach((form) => { form.reset(); restore(form); });
  });
  const sent = sessionStorage.getItem(SENT), isDone = document.querySelector("[data-done]");
  if (sent && isDone) localStorage.removeItem(sent);
  document.querySelectorAll("form[data-keep]").forEach((form) => {
    restore(form);
    const drawer = form.closest("[data-drawer]");
    if (drawer && !isDone && sent === draftOf(form) && localStorage.getItem(sent)) show(drawer, true); // sent, not taken: still here
    form.addEventListener("input", () => {
      localStorage.setItem(draftOf(form), JSON.stringify(Object.fromEntries(kept(form).map((f) => [f.name, f.value]))));
    });
  });
  if (words.person) sessionStorage.removeItem(SENT); // the log-in between leaves it

  // what was refused is at hand at once, and heard
  const wrong = document.querySelector("main [aria-invalid=true], main .form [role=alert]");
  if (wrong) wrong.focus();
  tick();
})();
