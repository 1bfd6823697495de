// How a refresh comes into a page: what differs is changed in place (idiomorph), so focus, scroll and open drawers stay.
// What a person is writing, or has typed and not sent, is never touched, wherever it stands: the field keeps its text,
// and when the refresh has no such field any more, the part around it stays as it was and says so.
// Rows need an id, so that a refresh never takes one for another.
"use strict";
(function () {
  const body = document.body;
  const TICK = "[type=checkbox], [type=radio]";
  const TEXT = "input:not([type=hidden], [type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select";

  function isChanged(field) {
    if (field.matches("select") || field.matches(TICK)) return field.dataset.touched === "1";
    return field.matches(TEXT) && field.value !== field.defaultValue;
  }
  const inHand = (field) => (field === document.activeElement && field.matches(TEXT)) || isChanged(field);
  function isWritten(node) { // holds text of a person; a tick alone does not keep a row that is gone
    if (node.nodeType !== 1) return false;
    return (node.matches(TEXT) ? [node] : Array.from(node.querySelectorAll(TEXT))).some(inHand);
  }
  document.addEventListener("change", (e) => { if (e.target.matches("select, input")) e.target.dataset.touched = "1"; });
  window.anlan.isWriting = () => Array.from(document.querySelectorAll("form")).some((form) => form.method === "post" && isWritten(form));

  function sameField(old, fresh) {
    return fresh.matches && fresh.matches(old.tagName) && old.name === fresh.name && old.type === fresh.type
      && (!old.matches(TICK) || old.value === fresh.value);
  }
  const callbacks = {
    beforeNodeMorphed(old, fresh) {
      if (old.nodeType !== 1) return true;
      old.classList.remove("kept");
      return !(old.matches("input, textarea, select") && inHand(old) && sameField(old, fresh));
    },
    beforeNodeRemoved(node) {
      if (!isWritten(node)) return true;
      const part = node.matches(TEXT) ? node.parentElement : node;
      part.classList.add("kept");
      part.dataset.kept = body.dataset.wKept;
      return false;
    },
    beforeAttributeUpdated(name, element) { // opened by hand stays open
      return !(name === "aria-expanded" && element.matches("[data-unfold], [data-open]")) && !(name === "open" && element.matches("details")) && !(name === "hidden" && element.matches("[data-drawer]"))
        && !(name === "tabindex" && element.matches("[data-href]")) && name !== "data-touched";
    },
  };

  htmx.defineExtension("living", {
    isInlineSwap: (style) => style === "living-whole",
    handleSwap(style, target, fragment) {
      if (style !== "living" && style !== "living-whole") return false;
      const whole = style === "living-whole";
      const fresh = whole ? (fragment.nodeType === 11 ? fragment.firstElementChild : fragment) : fragment.childNodes;
      Idiomorph.morph(target, fresh, { morphStyle: whole ? "outerHTML" : "innerHTML", callbacks: callbacks });
      return [target];
    },
  });
})();
