// A page's end of the live line. One stream serves all pages of a browser (stream.js): through a SharedWorker where the
// browser has one, else inside the page that the others agreed on over a BroadcastChannel, else inside each page.
// Named events become DOM events `sse:NAME` on <body>: a fragment says
// hx-trigger="sse:warning from:body delay:400ms, every 30s" and is fetched again. Values are patched in place.
// A hidden page reads nothing and has no values sent; shown again it reads everything once.
"use strict";
(function () {
  const body = document.body;
  const words = body.dataset;
  const DEAD_MS = 40000; // the desk speaks every 10 s
  const QUIET_MS = 15000; // a leading page that says nothing for so long has gone
  let state = "connecting", heard = Date.now(), missed = false, audible = false, ended = false, line = null;

  // --- what the page shows of it ----------------------------------------------------------------------------------
  function show() {
    document.querySelectorAll("[data-line]").forEach((e) => { if (e.dataset.state !== state) e.dataset.state = state; });
    body.classList.toggle("offline", state === "lost");
  }
  function become(now) { state = now; show(); }
  document.addEventListener("htmx:afterSwap", show); // what was swapped in knows nothing of the line
  function announce(name, detail) { body.dispatchEvent(new CustomEvent("sse:" + name, { detail: detail })); }
  function patch(rows) {
    if (!Array.isArray(rows)) return;
    for (const row of rows) {
      const [code, value, quality, sampledUs] = row;
      document.querySelectorAll('[data-live="' + CSS.escape(code) + '"]').forEach((e) => {
        const text = value === null ? "–" : Number(value).toFixed(Number(e.dataset.decimals || 2));
        if (e.textContent !== text) e.textContent = text;
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
  function receive(said) {
    heard = Date.now();
    if (said.kind === "state") become(said.detail);
    else if (said.kind === "now") { if (said.detail) window.anlan.clock(said.detail); }
    else if (said.kind === "live") patch(said.detail);
    else if (said.kind === "calls") body.dispatchEvent(new CustomEvent("anlan:calls", { detail: said.detail }));
    else if (said.kind === "caller") body.dispatchEvent(new CustomEvent("anlan:caller", { detail: said.detail }));
    else if (said.kind === "leave") leave();
    else if (said.kind === "resync") hint("resync", {});
    else if (said.kind === "hint") hint(said.detail.name, said.detail.detail);
  }
  function hint(name, detail) {
    if (document.hidden) missed = true;
    else announce(name, detail);
  }
  // The session has ended: the server shows the log-in, unless something is being written or waits to be sent here.
  function leave() {
    if (ended) return;
    ended = true;
    line.send({ kind: "bye" });
    if (!window.anlan.isWriting() && !document.querySelector("[data-waiting]:not([hidden])")) { location.reload(); return; }
    body.classList.add("ended");
    become("lost");
  }
  window.anlan.leave = leave;

  // --- to the desk -------------------------------------------------------------------------------------------------
  function interest() {
    const codes = new Set();
    document.querySelectorAll("[data-live]").forEach((e) => codes.add(e.dataset.live));
    return Array.from(codes).sort().slice(0, 400);
  }
  let said = "";
  function here(always) {
    if (ended) return;
    const message = { kind: "here", codes: interest(), visible: !document.hidden, audible: audible, online: navigator.onLine };
    const text = JSON.stringify(message);
    if (!always && text === said) return;
    said = text;
    line.send(message);
  }
  function desk() { return self.AnlanDesk(words.events, words.callsUrl); }

  function throughWorker() {
    const address = words.stream + "?" + new URLSearchParams({ events: words.events, calls: words.callsUrl });
    const worker = new SharedWorker(address, "anlan:" + words.person); // one for each log-in, never another's
    worker.onerror = () => { line = amongPages(); here(true); };
    worker.port.onmessage = (e) => receive(e.data);
    return { send: (message) => worker.port.postMessage(message), close: () => worker.port.close() };
  }

  // One page leads and keeps the desk; the others reach it over the channel. A hidden leader hands over to a page that
  // is seen; one that has gone is replaced by whoever misses it first, and of two leaders the smaller number stays.
  function amongPages() {
    if (!window.BroadcastChannel) return alone();
    const channel = new BroadcastChannel("anlan:" + words.person);
    const me = Date.now().toString(36) + Math.random().toString(36).slice(2);
    let lead = null, leader = null, seen = 0, standing = 0, waiting = [], closed = false;
    const post = (kind, more) => closed || channel.postMessage(Object.assign({ kind: kind, from: me, visible: !document.hidden }, more));
    function take(message) { lead.take(me, receive, message); }
    function begin() {
      standing = 0;
      if (lead) return;
      lead = desk();
      leader = me;
      post("lead");
      here(true);
    }
    function stand(delay) {
      clearTimeout(standing);
      post("ask");
      standing = setTimeout(begin, delay + Math.random() * 200);
    }
    function yieldTo(other) {
      clearTimeout(standing);
      standing = 0;
      if (lead) { lead.close(); lead = null; }
      const changed = leader !== other;
      leader = other;
      seen = Date.now();
      if (changed) here(true);
      waiting.splice(0).forEach((message) => send(message));
    }
    function send(message) {
      if (lead) take(message);
      else if (leader) post("say", { to: leader, message: message });
      else if (message.kind !== "here") waiting.push(message);
    }
    channel.onmessage = (e) => {
      const m = e.data;
      if (m.kind === "lead") {
        const stays = lead && !document.hidden && !(m.visible && m.from < me);
        if (stays) post("lead"); else yieldTo(m.from);
      } else if (m.kind === "ask") { if (lead && (!document.hidden || !m.visible)) post("lead"); }
      else if (m.kind === "gone" || m.kind === "hidden") { if (!lead && m.from === leader && !document.hidden) { leader = null; stand(0); } }
      else if (m.kind === "say" && m.to === me) {
        if (lead) lead.take(m.from, (message) => post("hear", { to: m.from, message: message }), m.message);
      } else if (m.kind === "hear" && m.to === me) { seen = Date.now(); receive(m.message); }
    };
    const pulse = setInterval(() => {
      if (lead) post("lead");
      else if (!standing && !document.hidden && Date.now() - seen > QUIET_MS) { leader = null; stand(0); }
    }, 5000);
    const hidden = () => { if (document.hidden && lead) post("hidden"); };
    document.addEventListener("visibilitychange", hidden);
    stand(300);
    function close() {
      clearInterval(pulse);
      clearTimeout(standing);
      document.removeEventListener("visibilitychange", hidden);
      if (lead) { lead.close(); lead = null; post("gone"); }
      closed = true; // a page that is hidden last of all may still want to say so
      channel.close();
    }
    return { send: send, close: close };
  }

  function alone() {
    const own = desk();
    document.addEventListener("visibilitychange", () => { if (document.hidden) own.take(1, receive, { kind: "bye" }); });
    return { send: (message) => own.take(1, receive, message), close: () => own.close() };
  }

  function open() {
    try {
      line = window.SharedWorker ? throughWorker() : amongPages();
    } catch (error) {
      console.warn("no shared worker here", error);
      line = amongPages();
    }
    here(true);
  }

  if (words.events && window.EventSource) {
    open();
    setInterval(() => {
      if (ended) return;
      here(true);
      if (!document.hidden && Date.now() - heard > DEAD_MS) { heard = Date.now(); become("lost"); line.close(); open(); }
    }, 10000);
    document.addEventListener("htmx:afterSettle", () => here(false));
    document.addEventListener("visibilitychange", () => {
      here(true);
      if (!document.hidden && missed) { missed = false; announce("resync", {}); }
    });
    window.addEventListener("online", () => line.send({ kind: "mend" }));
    window.addEventListener("offline", () => { become("lost"); line.send({ kind: "cut" }); });
    window.addEventListener("pagehide", () => { line.send({ kind: "bye" }); line.close(); });
    window.addEventListener("pageshow", (e) => { if (e.persisted) { missed = false; open(); announce("resync", {}); } });
    document.addEventListener("htmx:sendError", () => { if (!navigator.onLine) become("lost"); });
    body.addEventListener("anlan:audible", (e) => { audible = e.detail; here(false); });
    // a hidden page fetches nothing by itself; what it leaves out it reads when it is shown
    document.addEventListener("htmx:confirm", (e) => {
      if (!document.hidden || (e.detail.triggeringEvent && e.detail.triggeringEvent.isTrusted)) return;
      e.preventDefault();
      missed = true;
    });
  }
})();
