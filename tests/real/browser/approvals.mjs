// What asks before it acts.

import { answered, check, env, noProblems, say, shows, signedIn, tell, url } from "./browser.mjs";

/// Asked for in one tab, survives a kill, answered in another, finished in the first.
export async function approved_in_another_tab() {
  const asking = await signedIn();
  await say(asking, env.REQUEST);
  const card = asking.locator(".approval");
  await card.getByText("waits for you").waitFor();
  const conversation = asking.url();
  await tell("parked");

  const other = await asking.context().newPage();
  await other.goto(url("/approvals"));
  await other.locator(".approval").getByText("waits for you").waitFor();
  const shown = await other.locator(".approval dd", { hasText: "indented" }).innerText();
  check(shown.includes("hello\n    indented"), `a text is shown as it will be, and was ${JSON.stringify(shown)}`);
  await tell("seen in another tab");
  await other.locator('.approval button[value="approve"]').click();
  await other.locator(".approval", { hasText: "waits for you" }).waitFor({ state: "detached" });

  await shows(asking, "All is done");
  await answered(asking);
  check((await asking.locator(".approval", { hasText: "waits for you" }).count()) === 0, "the card is settled");
  await asking.goto(conversation);
  await shows(asking, "All is done");
  await asking.getByRole("link", { name: "Trace" }).last().click();
  await asking.waitForURL(/\/runs\//);
  await oneLabelEach(asking);
  noProblems(asking);
}

/// A no: nothing is done, and the model hears it.
export async function denied_in_the_chat() {
  const page = await signedIn();
  await say(page, env.REQUEST);
  await page.locator(".approval").getByText("waits for you").waitFor();
  await page.locator('.approval form.actions button[value="deny"]').click();
  await shows(page, "I left it alone");
  await answered(page);
  noProblems(page);
}

/// Three calls on one card: what is half-typed on one of them outlives the answers to the others, in
/// the chat, in another tab and on the page of approvals.
export async function a_half_typed_reason_is_kept() {
  const page = await signedIn();
  await say(page, env.REQUEST);
  const cards = page.locator("section[id^=group-] .approval");
  await page.getByRole("button", { name: "Do all 3" }).waitFor();
  const reason = (at) => cards.nth(at).getByLabel("Why not");
  await cards.nth(2).getByText("Don’t, and say why…").click();
  await reason(2).fill("I still need");
  const conversation = page.url();

  // From elsewhere, in the middle of a word: the caret stays where it was.
  const other = await page.context().newPage();
  await other.goto(url("/approvals"));
  await other.locator(".approval").first().locator('form.actions button[value="deny"]').click();
  await other.getByRole("button", { name: "Do all 2" }).waitFor();
  await page.getByRole("button", { name: "Do all 2" }).waitFor();
  check((await cards.nth(0).getAttribute("class")).includes("settled"), "the first is answered");
  check(await reason(2).isVisible(), "the fold stays open");
  await page.keyboard.type(" this");
  check((await reason(2).inputValue()) === "I still need this", "typing goes on");

  // From the page of approvals itself, whose main part is put anew.
  await page.goto(url("/approvals"));
  const left = page.locator(".approval:not(.settled)");
  await left.nth(1).getByText("Don’t, and say why…").click();
  await left.nth(1).getByLabel("Why not").fill("It is the last copy");
  await left.nth(0).locator('form.actions button[value="deny"]').click();
  await page.locator("#flash").getByText("Denied: ").waitFor();
  check((await left.count()) === 1, "one is left");
  check((await left.getByLabel("Why not").inputValue()) === "It is the last copy", "the reason is kept");
  await left.getByRole("button", { name: "Don’t, for this reason" }).click();
  await page.getByText("Nothing is waiting for you.").waitFor();
  await page.goto(conversation);
  await shows(page, "Nothing is gone");
  await page.getByText("It is the last copy").first().waitFor();
  noProblems(page);
}

/// By keys alone, and only on a card that was gone to; not at all once they are switched off.
export async function answered_by_keys() {
  const page = await signedIn({ viewport: { width: 320, height: 640 } });
  await say(page, env.REQUEST);
  await page.locator(".approval").getByText("waits for you").waitFor();
  await page.goto(url("/settings"));
  await page.locator("#keys").getByRole("button", { name: "Off" }).click();
  await page.locator('body[data-keys="off"]').waitFor();
  await page.goto(url("/approvals"));
  const card = page.locator(".approval");
  await page.keyboard.press("j");
  check(!(await card.evaluate((it) => it === document.activeElement)), "the keys are off");

  await page.goto(url("/settings"));
  await page.locator("#keys").getByRole("button", { name: "Single keys on" }).click();
  await page.locator('body[data-keys="on"]').waitFor();
  await page.goto(url("/approvals"));
  await page.keyboard.press("a");
  await page.keyboard.press("j");
  check(await card.evaluate((it) => it === document.activeElement), "j goes to the card");
  await page.keyboard.press("e");
  await page.waitForURL(/\/edit$/);
  await page.goto(url("/approvals"));

  await page.getByText("Don’t, and say why…").click();
  await page.getByLabel("Why not").fill("adj");
  check(await card.getByText("waits for you").isVisible(), "what is typed is no shortcut");
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  check(wide <= 320, `the page is ${wide} wide`);
  await page.getByLabel("Why not").fill("");
  await page.locator("h1").click();
  await page.keyboard.press("j");
  await page.keyboard.press("d");
  await page.locator("#flash").getByText("Denied: ").waitFor();
  noProblems(page);
}

/// A label with several values keeps them beside it, and the next labels keep theirs.
async function oneLabelEach(page) {
  const columns = await page.locator(".facts").first().evaluate((facts) => {
    facts.querySelector("dd").after(document.createElement("dd"));
    const lefts = (tag) => new Set([...facts.querySelectorAll(tag)].map((it) => Math.round(it.getBoundingClientRect().left)));
    return { labels: [...lefts("dt")], values: [...lefts("dd")] };
  });
  const aligned = columns.labels.length === 1 && columns.values.length === 1 && columns.labels[0] < columns.values[0];
  check(aligned, `labels and values stand in a column each: ${JSON.stringify(columns)}`);
}
