// The one event stream of a browser, whatever number of pages it has open. As a SharedWorker this file serves every page
// of one log-in; where browsers have none, the same desk runs inside one of the pages (see live.js).
// The desk hears the server, asks for the standing calls when something changed, and names the one page that sounds.
"use strict";
(function (scope) {
  const SILENCE_MS = 25000; // the server speaks at least every 10 s
  const CALLS_MS = 30000; // asked for again after so long although nothing was heard
  const GONE_MS = 180000; // a page that says nothing for so long is no longer there (hidden ones speak once a minute)
  const POINTS = 400; // as many as one stream carries (roles/events/hub.py); the pages seen last come first
  const HINTS = ["warning", "alarm", "delivery", "gateway", "external", "entry", "commitment", "change", "identification", "permit", "unitstate"];

  function read(e) { try { return JSON.parse(e.data); } catch (error) { console.warn("unreadable event", error); return {}; } }

  // One EventSource that is opened anew when it breaks off. `say(kind, detail)` gets all that is heard.
  function Line(address, say) {
    let source = null, heard = 0, retry = 0, timer = 0, open = false, state = "connecting";
    let carried = new Set(), wanted = [], isCut = false;
    function become(now) { state = now; say("state", now); }
    function connect() {
      clearTimeout(timer);
      const before = source, codes = wanted;
      const mine = new EventSource(address + (codes.length ? "?points=" + encodeURIComponent(codes.join(",")) : ""));
      source = mine;
      carried = new Set(codes);
      heard = Date.now();
      const on = (name, act) => mine.addEventListener(name, (e) => { if (open && mine === source) { heard = Date.now(); act(read(e)); } });
      on("hello", (said) => {
        if (before) before.close(); // the old one spoke until the new one could: nothing falls between
        const again = retry > 0;
        retry = 0;
        say("now", said.now);
        become("on");
        if (again) say("resync");
      });
      on("beat", (said) => { say("now", said.now); });
      on("resync", () => say("resync"));
      on("leave", () => { close(); say("leave"); });
      on("live", (rows) => say("live", rows));
      HINTS.forEach((name) => on(name, (detail) => say("hint", { name: name, detail: detail })));
      mine.onerror = () => { if (mine === source) { if (before) before.close(); again(); } else mine.close(); };
    }
    function again() {
      source.close();
      retry += 1;
      become(retry > 1 ? "lost" : "connecting");
      clearTimeout(timer);
      timer = setTimeout(connect, Math.min(500 * 2 ** retry, 15000) * (0.7 + Math.random() * 0.6));
    }
    function close() {
      open = false;
      clearTimeout(timer);
      if (source) source.close();
      source = null;
    }
    setInterval(() => { if (open && source.readyState !== 2 && Date.now() - heard > SILENCE_MS) again(); }, 5000);
    return {
      state: () => state,
      close: close,
      watch(codes) { // what the pages show; a stream that carries it all goes on
        wanted = codes;
        if (!open) { open = true; connect(); } else if (retry === 0 && codes.some((code) => !carried.has(code))) connect();
      },
      isCut: () => isCut,
      cut() { if (open) { isCut = true; retry = 2; clearTimeout(timer); source.close(); become("lost"); } },
      mend() { isCut = false; if (open) { retry = Math.max(retry, 1); connect(); } },
    };
  }

  // The desk behind all pages: members come, say what they show, and go.
  function Desk(events, calls) {
    const members = new Map();
    let standing = null, caller = null, asking = false, again = false, soon = 0;
    function tell(kind, detail, only) {
      members.forEach((m) => { if (!only || only(m)) m.post({ kind: kind, detail: detail }); });
    }
    const line = Line(events, (kind, detail) => {
      if (kind === "live") tell(kind, detail, (m) => m.visible);
      else tell(kind, detail);
      if (kind === "leave") standing = null;
      if (kind === "resync" || (kind === "hint" && detail.name === "warning")) ask(300);
      else if (kind === "hint" && !soon) ask(2000); // the counts of the navigation; never in the way of a call
      if (kind === "state" && detail === "on" && !standing) ask(0);
    });
    function ask(delay) { clearTimeout(soon); soon = setTimeout(fetchCalls, delay); }
    async function fetchCalls() {
      soon = 0;
      if (asking) { again = true; return; }
      if (!members.size) return;
      asking = true;
      try {
        const answer = await fetch(calls, { credentials: "same-origin", headers: { "Anlan-Unattended": "1", "HX-Request": "true" }, signal: AbortSignal.timeout(20000) });
        if (answer.status === 401 || answer.status === 403) tell("leave");
        else if (answer.ok) { standing = await answer.json(); tell("calls", standing); }
      } catch (error) { console.warn("the standing calls could not be read", error); } // asked again with the next event or in 30 s
      asking = false;
      if (again) { again = false; ask(300); }
    }
    // One page of the browser sounds and notifies: the one that is heard, then the one that is seen.
    function choose() {
      const all = Array.from(members.entries());
      const weight = ([id, m]) => (m.audible ? 4 : 0) + (m.visible ? 2 : 0) + (id === caller ? 1 : 0);
      const best = all.reduce((found, each) => (!found || weight(each) > weight(found) ? each : found), null);
      caller = best && best[0];
      members.forEach((m, id) => { if (m.calls !== (id === caller)) { m.calls = id === caller; m.post({ kind: "caller", detail: m.calls }); } });
    }
    function interest() {
      const codes = new Set();
      const seen = Array.from(members.values()).filter((m) => m.visible).sort((a, b) => b.seen - a.seen);
      seen.forEach((m) => m.codes.forEach((code) => { if (codes.size < POINTS) codes.add(code); }));
      return Array.from(codes).sort();
    }
    function leave(id) {
      members.delete(id);
      if (members.size) choose();
      else line.close();
    }
    setInterval(() => {
      const now = Date.now();
      members.forEach((m, id) => { if (now - m.heard > GONE_MS) leave(id); });
      tell("alive");
    }, 10000);
    setInterval(() => { if (line.state() === "on") ask(0); }, CALLS_MS);
    return {
      take(id, post, said) {
        if (said.kind === "bye") { leave(id); return; }
        if (said.kind === "cut") { line.cut(); return; }
        if (said.kind === "mend") { line.mend(); return; }
        const known = members.get(id), now = Date.now();
        const member = known || { calls: null, visible: false, seen: 0 };
        if (said.visible && !member.visible) member.seen = now;
        Object.assign(member, { post: post, codes: said.codes, visible: said.visible, audible: said.audible, heard: now });
        members.set(id, member);
        if (!known) {
          post({ kind: "state", detail: line.state() });
          if (standing) post({ kind: "calls", detail: standing });
        }
        choose();
        if (said.online && line.isCut()) line.mend(); // who heard that the network is back may be gone
        line.watch(interest());
      },
      close() { members.clear(); line.close(); },
    };
  }
  scope.AnlanDesk = Desk;

  if (typeof scope.SharedWorkerGlobalScope === "function" && scope instanceof scope.SharedWorkerGlobalScope) {
    const where = new URL(scope.location.href).searchParams;
    const desk = Desk(where.get("events"), where.get("calls"));
    let count = 0;
    scope.onconnect = (e) => {
      const port = e.ports[0], id = ++count;
      port.onmessage = (message) => desk.take(id, (said) => port.postMessage(said), message.data);
    };
  }
})(self);
