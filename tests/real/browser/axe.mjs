// What every page owes everybody: no accessibility fault that axe can find, in
// light and dark, on a phone of 320 px and on a desk, and nothing to scroll sideways.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { check, noProblems } from "./browser.mjs";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// For the window: axe measures with inline styles, which the pages' policy refuses.
export const TO_LOOK_AT = { bypassCSP: true };

/// Looks at the page as it stands, in all four forms.
export async function everyForm(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await look(page, `${name}, ${colorScheme}, ${width} px`);
    }
  }
  noProblems(page);
}

async function look(page, where) {
  // A button half under the composer is no small button: its reader scrolls, and so does this.
  await page.evaluate(() => document.querySelector(".approval:not(.settled) .actions")?.scrollIntoView({ block: "center" }));
  await page.evaluate(source);
  const { violations } = await page.evaluate((values) => axe.run({ runOnly: { type: "tag", values } }), RULES);
  const faults = violations.map((it) => `${it.id}: ${it.help}\n  ${it.nodes.map((node) => `${node.target} ${node.failureSummary?.split("\n")[1] ?? ""}`).slice(0, 5).join("\n  ")}`);
  check(faults.length === 0, `${where}:\n${faults.join("\n")}`);
  const over = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
  check(over <= 0, `${where}: ${over} px stick out to the side`);
  const long = await page.evaluate(() => [...document.querySelectorAll(".tiles label")].filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.textContent.trim()));
  check(long.length === 0, `${where}: words stick out of their tiles: ${long}`);
}
