// The emoji that people pick here and that apps name, by Slack's names.

const NAMES = {
  "+1": "👍", "-1": "👎", white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", fire: "🔥", eyes: "👀",
  tada: "🎉", raised_hands: "🙌", pray: "🙏", clap: "👏", ok_hand: "👌", wave: "👋", muscle: "💪", point_up: "☝️", point_right: "👉", point_down: "👇",
  heart: "❤️", thinking_face: "🤔", smile: "😄", grinning: "😀", joy: "😂", sweat_smile: "😅", slightly_smiling_face: "🙂", wink: "😉", sunglasses: "😎",
  cry: "😢", sob: "😭", scream: "😱", sleeping: "😴", zzz: "💤", facepalm: "🤦", shrug: "🤷", robot_face: "🤖", skull: "💀", bug: "🐛",
  rocket: "🚀", ship: "🚢", construction: "🚧", stop_sign: "🛑", no_entry: "⛔", no_entry_sign: "🚫", lock: "🔒", unlock: "🔓", key: "🔑", shield: "🛡️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", alarm_clock: "⏰", stopwatch: "⏱️", clock3: "🕒", calendar: "📅", bell: "🔔", no_bell: "🔕",
  memo: "📝", page_facing_up: "📄", clipboard: "📋", pushpin: "📌", paperclip: "📎", link: "🔗", mag: "🔍", bar_chart: "📊", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉",
  wrench: "🔧", hammer_and_wrench: "🛠️", gear: "⚙️", package: "📦", computer: "💻", floppy_disk: "💾", electric_plug: "🔌", fire_extinguisher: "🧯", fire_engine: "🚒", ambulance: "🚑", sos: "🆘",
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫",
  red_square: "🟥", large_green_square: "🟩", white_square: "⬜", star: "⭐", sparkles: "✨", zap: "⚡", boom: "💥", hundred: "💯", "100": "💯",
  question: "❓", exclamation: "❗", grey_question: "❔", information_source: "ℹ️", speech_balloon: "💬", thought_balloon: "💭", bulb: "💡", crown: "👑", detective: "🕵️",
  arrow_right: "➡️", arrow_up: "⬆️", arrow_down: "⬇️", repeat: "🔁", leftwards_arrow_with_hook: "↩️", hammer: "🔨", scales: "⚖️", mega: "📣", coffee: "☕", pizza: "🍕",
};

/** What a name stands for; a name that isn't known stays as it is written. */
export function emoji(name) {
  return NAMES[name.replace(/::skin-tone-\d$/, "")] ?? null;
}

/** Names that contain `part`, those that begin with it first: `[name, emoji]`. */
export function emojiLike(part, most = 200) {
  const all = Object.entries(NAMES);
  const begins = all.filter(([name]) => name.startsWith(part));
  const holds = all.filter(([name]) => name.includes(part) && !name.startsWith(part));
  return [...begins, ...holds].slice(0, most);
}
