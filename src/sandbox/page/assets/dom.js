// Makes elements. Words are always text: nothing that anybody wrote is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. `on` holds listeners, `data` data attributes; false, null and undefined are left out. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same in SVG. */
export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else if (name === "value") {
      element.value = value;
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let last = 0;

/** An id that no other element has; two desks may stand side by side. */
export function unique(name) {
  last += 1;
  return `${name}-${last}`;
}

/**
 * Makes the children of `parent` what `items` say: `{key, sign, make}`. A child whose key and sign are as before stays
 * the very element that it was, so focus, selection and open menus survive a redraw.
 */
export function reconcile(parent, items) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const { key, sign, make } of items) {
    const old = before.get(key);
    let now = old;
    if (!old || old.dataset.sign !== sign) {
      now = make();
      now.dataset.key = key;
      now.dataset.sign = sign;
    }
    before.delete(key);
    if (old && old !== now) {
      if (place === old) place = now;
      const held = old.contains(document.activeElement) ? focusPath(old) : null;
      old.replaceWith(now);
      if (held) now.querySelector(held)?.focus({ preventScroll: true });
    }
    if (place === now) {
      place = now.nextElementSibling;
    } else {
      parent.insertBefore(now, place);
    }
  }
  for (const gone of before.values()) gone.remove();
}

// What had the focus in a part that is drawn anew has it again.
function focusPath(root) {
  const action = document.activeElement.closest("[data-action]");
  return action && root.contains(action) ? `[data-action="${CSS.escape(action.dataset.action)}"]` : null;
}

/** A short mark of a value: two that have the same one look the same. */
export function sign(...values) {
  const text = JSON.stringify(values);
  let a = 5381;
  let b = 52711;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = (a * 33) ^ code;
    b = (b * 31) ^ code;
  }
  return `${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}${text.length.toString(36)}`;
}
