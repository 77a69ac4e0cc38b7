// `data_visualization`: bars, lines, areas and pies, drawn small, with the figures as a table for whoever can't see them.

import { h, s } from "./dom.js";

const WIDE = 460;
const HIGH = 200;
const LEFT = 36;
const BOTTOM = 26;

export function chart(block) {
  const drawn = block.chart;
  const series = drawn.type === "pie" ? [{ name: block.title, data: drawn.segments }] : drawn.series;
  const figure = h("figure", { class: "chart" }, h("figcaption", {}, block.title), drawn.type === "pie" ? pie(drawn.segments) : axes(drawn));
  figure.append(h("details", { class: "chart-figures" }, h("summary", {}, "Figures"), h("table", {}, series.flatMap((one) => one.data.map((point) => h("tr", {}, h("th", { scope: "row" }, series.length > 1 ? `${one.name}: ${point.label}` : point.label), h("td", {}, String(point.value))))))));
  return figure;
}

function axes({ type, series, axis_config: axis }) {
  const labels = axis?.categories ?? series[0].data.map((point) => point.label);
  const most = Math.max(1, ...series.flatMap((one) => one.data.map((point) => point.value)));
  const step = (WIDE - LEFT) / labels.length;
  const x = (n) => LEFT + step * (n + 0.5);
  const y = (value) => HIGH - BOTTOM - (value / most) * (HIGH - BOTTOM - 12);
  const drawing = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `Chart of ${series.map((one) => one.name).join(", ")}` });
  for (const part of [0, 0.5, 1]) {
    const at = y(most * part);
    drawing.append(s("line", { class: "grid", x1: LEFT, x2: WIDE, y1: at, y2: at }), s("text", { class: "tick-label", x: LEFT - 6, y: at + 4, "text-anchor": "end" }, String(Math.round(most * part * 10) / 10)));
  }
  const every = Math.ceil(labels.length / 6);
  labels.forEach((label, n) => n % every === 0 && drawing.append(s("text", { class: "tick-label", x: x(n), y: HIGH - 8, "text-anchor": "middle" }, label.slice(0, 12))));
  series.forEach((one, n) => {
    const points = one.data.map((point, at) => [x(at), y(point.value)]);
    if (type === "bar") {
      const wide = (step * 0.7) / series.length;
      points.forEach(([px, py]) => drawing.append(s("rect", { class: `series-${n % 6}`, x: px - step * 0.35 + n * wide, y: py, width: wide, height: HIGH - BOTTOM - py })));
      return;
    }
    const line = points.map(([px, py]) => `${px},${py}`).join(" ");
    if (type === "area") drawing.append(s("polygon", { class: `series-${n % 6} area`, points: `${x(0)},${HIGH - BOTTOM} ${line} ${x(points.length - 1)},${HIGH - BOTTOM}` }));
    drawing.append(s("polyline", { class: `series-${n % 6} line`, points: line }));
  });
  return drawing;
}

function pie(segments) {
  const all = segments.reduce((sum, one) => sum + one.value, 0) || 1;
  const drawing = s("svg", { viewBox: "-104 -104 208 208", class: "pie", role: "img", "aria-label": segments.map((one) => `${one.label}: ${one.value}`).join(", ") });
  let from = 0;
  segments.forEach((one, n) => {
    const part = one.value / all;
    const [a, b] = [from, from + part].map((turn) => [Math.sin(turn * 2 * Math.PI) * 100, -Math.cos(turn * 2 * Math.PI) * 100]);
    drawing.append(part >= 1 ? s("circle", { class: `series-${n % 6}`, r: 100 }) : s("path", { class: `series-${n % 6}`, d: `M0 0 L${a} A100 100 0 ${part > 0.5 ? 1 : 0} 1 ${b} Z` }));
    from += part;
  });
  return drawing;
}
