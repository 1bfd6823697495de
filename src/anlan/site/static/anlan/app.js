// The living parts of every page: server clock, countdowns, the live line, keyboard, small conveniences of forms.
// Time shown is the server's: the page carries its instant, the live line corrects it with every heartbeat.
"use strict";
(function () {
  const body = document.body;
  const words = body.dataset;
  let offset = Number(words.now || Date.now()) - Date.now();
  const serverNow = () => Date.now() + offset;
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

  // --- the live line ----------------------------------------------------------------------------------------------
  // One EventSource a page. Named events become DOM events `sse:NAME` on <body>: a fragment says
  // hx-trigger="sse:warning from:body delay:400ms, every 30s" and is fetched again. Values are patched in place.
  const line = { source: null, heard: 0, retry: 0, interest: "", timer: null };
  const silence = 25000; // the server speaks at least every 10 s
  function state(now) {
    document.querySelectorAll("[data-line]").forEach((e) => { e.dataset.state = now; });
    body.classList.toggle("offline", now === "lost");
  }
  function interest() {
    const codes = new Set();
    document.querySelectorAll("[data-live]").forEach((e) => codes.add(e.dataset.live));
    return Array.from(codes).sort().slice(0, 400).join(",");
  }
  function connect() {
    clearTimeout(line.timer);
    if (line.source) line.source.close();
    line.interest = interest();
    const address = words.events + (line.interest ? "?points=" + encodeURIComponent(line.interest) : "");
    const source = line.source = new EventSource(address);
    line.heard = Date.now();
    source.addEventListener("hello", (e) => {
      hear(e);
      const again = line.retry > 0 || body.classList.contains("offline");
      line.retry = 0;
      state("on");
      if (again) announce("resync", {});
    });
    source.addEventListener("beat", hear);
    source.addEventListener("resync", (e) => { hear(e); announce("resync", {}); });
    source.addEventListener("leave", () => { location.reload(); }); // the session has ended: the server shows the log-in
    ["warning", "alarm", "delivery", "gateway", "external"].forEach((name) => {
      source.addEventListener(name, (e) => { heardNow(); announce(name, read(e)); });
    });
    source.addEventListener("live", (e) => { heardNow(); patch(read(e)); });
    source.onerror = () => { if (source === line.source) again(); };
  }
  function heardNow() { line.heard = Date.now(); }
  function hear(e) {
    heardNow();
    const said = read(e);
    if (said.now) offset = said.now - Date.now();
  }
  function read(e) { try { return JSON.parse(e.data); } catch (error) { console.warn("unreadable event", error); return {}; } }
  function again() {
    line.source.close();
    line.retry += 1;
    state(line.retry > 1 ? "lost" : "connecting");
    clearTimeout(line.timer);
    line.timer = setTimeout(connect, Math.min(500 * 2 ** line.retry, 15000) * (0.7 + Math.random() * 0.6));
  }
  function announce(name, detail) { body.dispatchEvent(new CustomEvent("sse:" + name, { detail: detail })); }
  function patch(rows) {
    if (!Array.isArray(rows)) return;
    for (const row of rows) {
      const [code, value, quality, sampledUs] = row;
      document.querySelectorAll('[data-live="' + CSS.escape(code) + '"]').forEach((e) => {
        const text = value === null ? "–" : Number(value).toFixed(Number(e.dataset.decimals || 2));
        set(e, text);
        e.dataset.sampled = String(Math.floor(sampledUs / 1000));
        e.classList.toggle("stale", quality > 1);
      });
      if (value === null) continue;
      document.querySelectorAll('[data-bar="' + CSS.escape(code) + '"]').forEach((e) => {
        const mark = e.querySelector("b");
        const at = (value - Number(e.dataset.low)) / Number(e.dataset.span) * 100;
        mark.style.display = "";
        mark.style.left = Math.min(100, Math.max(0, at)).toFixed(1) + "%";
      });
    }
    body.dispatchEvent(new CustomEvent("anlan:live", { detail: rows }));
  }
  if (words.events && window.EventSource) {
    connect();
    setInterval(() => { if (line.source.readyState !== 2 && Date.now() - line.heard > silence) again(); }, 5000);
    document.addEventListener("htmx:afterSettle", () => {
      tick();
      const wanted = interest();
      if (wanted !== line.interest && line.retry === 0) {
        const have = new Set(line.interest.split(","));
        if (wanted.split(",").some((code) => code && !have.has(code))) connect();
      }
    });
    window.addEventListener("online", () => { line.retry = 1; connect(); });
    window.addEventListener("offline", () => { line.retry = 2; state("lost"); });
    window.addEventListener("pagehide", () => line.source.close());
    window.addEventListener("pageshow", (e) => { if (e.persisted) { line.retry = 1; connect(); } });
  }
  // A refresh by the clock or by an event is no sign of life: an open page must not keep a session alive. The wall is
  // there to be looked at, not touched; its refresh counts.
  document.addEventListener("htmx:configRequest", (e) => {
    const by = e.detail.triggeringEvent;
    if (!(by && by.isTrusted) && !body.classList.contains("wall")) e.detail.headers["Anlan-Unattended"] = "1";
  });
  document.addEventListener("htmx:sendError", () => { if (words.events && line.retry > 1) state("lost"); });
  document.addEventListener("htmx:responseError", (e) => {
    if (e.detail.xhr.status === 403 || e.detail.xhr.status === 401) location.reload();
  });
  document.addEventListener("htmx:beforeSwap", (e) => {
    // A log-in page must never be put into a fragment: the session has ended, so the whole page goes there.
    if (e.detail.xhr.responseURL && new URL(e.detail.xhr.responseURL).pathname.startsWith("/login")) {
      e.detail.shouldSwap = false;
      location.reload();
    }
  });

  // --- keyboard: / searches, j and k move, Enter opens ----------------------------------------------------------------
  function rows() { return Array.from(document.querySelectorAll("[data-href]")).filter((e) => e.offsetParent !== null); }
  let cursor = null; // the address of the row at hand, so that a refreshed table keeps it
  function show(all, index) {
    all.forEach((e) => e.classList.remove("cursor"));
    if (index < 0) return;
    all[index].classList.add("cursor");
    all[index].scrollIntoView({ block: "nearest" });
    cursor = all[index].dataset.href;
  }
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) {
      if (e.key === "Escape" && e.target.blur) e.target.blur();
      return;
    }
    if (e.key === "/") {
      const field = document.querySelector("main [data-slash]") || document.querySelector("[data-slash]");
      if (field) { e.preventDefault(); field.focus(); field.select(); }
    } else if (e.key === "j" || e.key === "k") {
      const all = rows();
      if (!all.length) return;
      const at = all.findIndex((row) => row.dataset.href === cursor);
      show(all, e.key === "j" ? Math.min(all.length - 1, at + 1) : Math.max(0, at === -1 ? 0 : at - 1));
    } else if (e.key === "Enter" && cursor && (e.target === body || e.target.id === "main")) {
      location.href = cursor;
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    const all = rows();
    show(all, all.findIndex((row) => row.dataset.href === cursor));
  });
  document.addEventListener("click", (e) => {
    const row = e.target.closest("[data-href]");
    if (row && !e.target.closest("a,button,input,select,textarea,label,form") && !String(getSelection())) location.href = row.dataset.href;
    const print = e.target.closest("[data-print]");
    if (print) window.print();
    const more = e.target.closest("[data-more]");
    if (more) more.closest("form").classList.add("all");
    const opener = e.target.closest("[data-open]");
    if (opener) {
      const panel = document.getElementById(opener.dataset.open);
      document.querySelectorAll("[data-drawer]").forEach((d) => { d.hidden = d !== panel || !panel.hidden; });
      if (panel && !panel.hidden) { const first = panel.querySelector("textarea,input:not([type=hidden]),select"); if (first) first.focus(); }
    }
  });

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
  document.addEventListener("submit", (e) => {
    if (e.target.dataset.keep) localStorage.removeItem("keep:" + e.target.dataset.keep);
    e.target.querySelectorAll("button[type=submit]").forEach((b) => { setTimeout(() => { b.disabled = true; }, 0); });
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("button[type=submit]").forEach((b) => { b.disabled = false; }));
  document.querySelectorAll("form[data-keep]").forEach((form) => {
    const key = "keep:" + form.dataset.keep;
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    form.querySelectorAll("textarea[name],input[type=text][name]").forEach((f) => { if (!f.value && kept[f.name]) f.value = kept[f.name]; });
    form.addEventListener("input", () => {
      const now = {};
      form.querySelectorAll("textarea[name],input[type=text][name]").forEach((f) => { now[f.name] = f.value; });
      localStorage.setItem(key, JSON.stringify(now));
    });
  });
  tick();
})();
