// A conversation, as a person sees it.

import { answered, check, env, log, noProblems, say, shows, signedIn, tell, url } from "./browser.mjs";

/// The first paragraph is there while the second is not written yet.
export async function chat_streams() {
  const page = await signedIn();
  await say(page, "Tell me about the house");
  await shows(page, "The first paragraph");
  check((await log(page).getByText("The second paragraph").count()) === 0, "the second is not there yet");
  await tell("the first paragraph");
  await shows(page, "The second paragraph");
  await tell("the second paragraph");
  await answered(page);
  await once(page, "The first paragraph");
  await once(page, "The second paragraph");
  const within = (cells) => cells.length === 2 && cells.every((cell) => cell.scrollWidth <= cell.clientWidth);
  check(await log(page).locator("th").evaluateAll(within), "no cell of a table’s head is drawn over the next");
  await page.reload();
  await once(page, "The first paragraph");
  noProblems(page);
}

/// Stop keeps what was said and says that it was stopped.
export async function chat_stops() {
  const page = await signedIn();
  await say(page, "Count to a million");
  await shows(page, "One, two");
  await page.keyboard.press("Escape");
  await answered(page);
  await tell("stopped");
  await shows(page, "One, two");
  await shows(page, "Stopped");
  await page.reload();
  await shows(page, "One, two");
  await shows(page, "Stopped");
  noProblems(page);
}

/// A page that is loaded again in the middle of an answer shows all of it, once.
export async function reload_in_the_middle_of_an_answer() {
  const page = await signedIn();
  await say(page, "Tell me about the house");
  await shows(page, "The first paragraph");
  await page.reload();
  await shows(page, "The first paragraph");
  await tell("reloaded");
  await shows(page, "The second paragraph");
  await answered(page);
  await once(page, "The first paragraph");
  await once(page, "The second paragraph");
  noProblems(page);
}

/// The page waits out a restart and goes on by itself.
export async function page_outlives_a_restart() {
  const page = await signedIn();
  await say(page, "Tell me about the house");
  await shows(page, "The first paragraph");
  await tell("the first paragraph");
  await shows(page, "The second paragraph");
  await answered(page);
  await once(page, "The second paragraph");
}

/// What works with no model, each by its own words.
export async function commands_work_without_a_model() {
  const page = await signedIn();
  await page.getByText("No language model is connected").waitFor();
  await say(page, "remind me in 1 minute to stretch");
  await shows(page, /stretch/);
  await answered(page);
  await tell("the reminder is set");
  // The program was killed and started again meanwhile; the page says when it is back.
  await page.getByText("Live", { exact: true }).waitFor();
  await say(page, "note: boiler serviced in May");
  await settled(page, 2);
  await say(page, "find boiler");
  await settled(page, 3);
  await shows(page, "boiler serviced in May");
  await say(page, `fetch ${env.PAGE}`);
  await settled(page, 4);
  await shows(page, "The opening hours are from nine to five");
  await tell("commands answered");
  const due = page.getByText(/Reminder.*stretch|stretch.*reminder/i);
  await due.last().waitFor({ timeout: 90_000 });
  await tell("the reminder rang");
  noProblems(page);
}

/// Ctrl-K, words, arrows and Enter lead to a page.
export async function palette_goes_by_keys() {
  const page = await signedIn();
  const { keyboard } = page, focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  await keyboard.press("Control+k");
  const field = page.getByRole("searchbox", { name: "Page" });
  await field.waitFor();
  await keyboard.press("ArrowDown");
  check((await focused()) === "Chat", "down leads to the first page");
  await keyboard.press("ArrowUp");
  await keyboard.press("ArrowUp");
  check((await focused()) === "Settings", "up from the field leads to the last");
  await keyboard.press("ArrowDown");
  check(await field.evaluate((it) => it === document.activeElement), "down from the last leads to the field");
  await keyboard.type("notes");
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await page.waitForURL(url("/notes"));
  noProblems(page);
}

/// A file goes with its message, stands beside it, and does not stay for the next one.
export async function file_is_sent() {
  const page = await signedIn();
  const list = { name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("two pints of milk, one loaf") };
  await page.getByLabel("Attach images, PDF or text").setInputFiles(list);
  await page.locator("#chosen").getByText("list.txt").waitFor();
  await say(page, "What is on this list?");
  await shows(page, "Milk and bread.");
  await answered(page);
  check(await page.locator("#chosen").isHidden(), "the next message has no file");
  await log(page).getByRole("link", { name: "list.txt" }).waitFor();
  await page.reload();
  const link = log(page).getByRole("link", { name: "list.txt" });
  const file = await page.request.get(url(await link.getAttribute("href")));
  check((await file.text()) === "two pints of milk, one loaf", `the file is kept, and was ${await file.text()}`);
  noProblems(page);
}

/// Nothing is shown after it, and the next login leads to the page that was asked for.
export async function signing_out() {
  const page = await signedIn();
  await page.getByRole("button", { name: /sign out$/ }).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.waitForURL(/\/login/);
  for (const path of ["/chat", "/settings", "/notes"]) {
    await page.goto(url(path));
    check(new URL(page.url()).pathname === "/login", `${path} is open after signing out`);
  }
  const api = await page.request.get(url("/api/notes"));
  check(api.status() === 401, `the API answered ${api.status()}`);
  await page.getByLabel("Name").fill(env.OWNER);
  await page.getByLabel("Password").fill(env.PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/notes$/);
  noProblems(page);
}

/// Every form works without script.
export async function chat_works_without_script() {
  const page = await signedIn({ javaScriptEnabled: false });
  await page.goto(url("/chat"));
  await page.getByRole("textbox", { name: "Message" }).fill("note: the plumber comes on Friday");
  await page.getByRole("button", { name: "Send" }).click();
  await page.waitForURL(/\/chat\/.+/);
  await tell("sent");
  await page.reload();
  await log(page).getByText("the plumber comes on Friday").first().waitFor();
  check((await page.locator("article.answer").count()) === 1, "the answer is there");
}

/// Words of a model that made them just now appear before it has ended.
export async function words_of_a_real_model_stream() {
  const page = await signedIn();
  await say(page, "Tell me a long story about a lighthouse.");
  const answer = page.locator("article.answer .prose");
  const lengths = new Set();
  await page.locator('#composer[data-running="true"]').waitFor();
  while ((await page.locator("#composer").getAttribute("data-running")) === "true") {
    lengths.add((await answer.allInnerTexts()).join("").length);
  }
  check(lengths.size > 5, `the answer was seen at ${lengths.size} lengths only`);
  const text = (await answer.allInnerTexts()).join(" ");
  check(text.split(/\s+/).length > 15, `it said only: ${text}`);
  noProblems(page);
}

async function settled(page, answers) {
  await page.locator("article.answer").nth(answers - 1).waitFor();
  await answered(page);
}

async function once(page, text) {
  await shows(page, text);
  const count = await log(page).getByText(text).count();
  check(count === 1, `«${text}» is there ${count} times`);
}
