// The app's own place: Home, Messages, About.

import { h, reconcile, sign } from "./dom.js";
import { blocks } from "./blocks.js";
import { avatar } from "./people.js";
import { held } from "./values.js";

/** The Home tab and the About tab. */
export function appHome(desk) {
  const node = h("div", { class: "home", role: "region", tabindex: "0" });

  function draw(tab) {
    const view = desk.data.home;
    node.setAttribute("aria-label", `${desk.data.app.name}: ${tab}`);
    if (tab === "about") {
      const { app } = desk.data;
      reconcile(node, [{ key: "about", sign: sign(app), make: () => h("div", { class: "about" }, avatar(app.user, desk, 72), h("h3", {}, app.name), h("p", {}, app.description), h("p", {}, app.long_description), h("h4", {}, "Commands"), h("dl", {}, app.commands.flatMap((one) => [h("dt", {}, `${one.command} ${one.usage_hint ? `[${one.usage_hint}]` : ""}`), h("dd", {}, one.description)]))) }]);
      return;
    }
    const host = {
      desk,
      current: (block, element) => held(view.state.values[block.block_id]?.[element.action_id]),
      used: (block, element, value) => desk.press({ view_id: view.id, action_id: element.action_id, block_id: block.block_id, value }),
    };
    reconcile(node, view
      ? [{ key: "home", sign: sign(view.hash, view.blocks), make: () => h("div", { class: "home-inner" }, blocks(view.blocks, host)) }]
      : [{ key: "none", sign: "", make: () => h("div", { class: "home-inner waits" }, "This is a work in progress…") }]);
  }

  return { node, draw };
}
