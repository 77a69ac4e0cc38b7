// Begins: the stage, one desk or two, the tour.

import { h } from "./dom.js";
import { makeDesk } from "./desk.js";
import { makeStage } from "./stage.js";
import { makeTour } from "./tour.js";
import { regions } from "./regions.js";
import { theme } from "./theme.js";

const SECOND = "morgan";

const layer = h("div", { class: "layer page-layer" });
const desks = h("div", { class: "desks" });
const wanted = new URLSearchParams(location.search);
const sitting = [];
let stage = null;
let tour = null;

function heard(desk) {
  document.title = `${desk.data.team.name}: ${desk.data.app.name} in a box`;
  stage?.draw();
  tour?.look();
}

function remember() {
  const people = sitting.map((desk) => desk.data?.people.find((one) => one.id === desk.who || one.name === desk.who)?.name ?? desk.who);
  history.replaceState(null, "", `?as=${people.map(encodeURIComponent).join(",")}`);
}

function sit(who, at) {
  const desk = makeDesk(who, { heard, switched: remember, at });
  sitting.push(desk);
  desks.append(desk.root);
  desks.classList.toggle("two", sitting.length > 1);
  return desk;
}

function togglePair() {
  if (sitting.length > 1) {
    sitting.pop().leave();
    desks.classList.remove("two");
  } else {
    const first = sitting[0];
    const other = first.data.people.find((one) => one.name === SECOND)?.id;
    const who = first.me() === other ? first.data.cast.find((id) => id !== other) : other ?? first.data.cast.find((id) => id !== first.me());
    sit(who, first.at.channel ? { channel: first.at.channel } : {});
  }
  remember();
}

regions();
const scenery = await fetch("/page/tour.json").then((answer) => answer.json()).catch(() => null);
const people = (wanted.get("as") ?? scenery?.begin_as ?? "dana").split(",");
tour = makeTour(scenery, { desks: () => sitting, stage: () => stage });
stage = makeStage({ lead: () => sitting[0], layer, togglePair, paired: () => sitting.length > 1, tour, theme: theme(), say: (words, bad) => sitting[0].toast(words, bad) });
document.body.append(stage.node, h("div", { class: "floor" }, desks, tour.node), layer);
for (const who of people.slice(0, 2)) sit(who);
