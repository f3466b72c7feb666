// Chromium, as a person uses it, for the stories beside this file.
//
// The environment says where things are: BASE, CHROMIUM, OWNER, PASSWORD and what
// the story itself asks for. A story tells the test what it has seen with
// `await tell("words")`, which waits until the test lets it go on.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const WAIT_MS = 30_000;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const env = process.env;
export const url = (path) => env.BASE + path;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
export async function tell(what) {
  console.log(`told ${what}`);
  const { value, done } = await lines.next();
  if (done) throw new Error(`nobody answered «${what}»`);
  return value;
}

export function check(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

/// A browser window of its own: nobody is signed in.
export async function window_(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.problems = [];
  page.traffic = [];
  page.on("response", (response) => {
    const request = response.request();
    if (request.method() !== "GET" || response.status() >= 400) {
      page.traffic.push(`${request.method()} ${request.url()} ${request.postData() ?? ""} -> ${response.status()}`);
    }
  });
  page.on("pageerror", (error) => page.problems.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|ERR_CONNECTION|ERR_INCOMPLETE/.test(message.text())) {
      page.problems.push(`console: ${message.text()}`);
    }
  });
  return page;
}

/// A window in which the owner is signed in, on the chat page.
export async function signedIn(options = {}) {
  const page = await window_(options);
  await page.goto(url("/login"));
  await page.getByLabel("Name").fill(env.OWNER);
  await page.getByLabel("Password").fill(env.PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((at) => !at.pathname.startsWith("/login"));
  return page;
}

/// Types into the composer and sends with Enter, as a person does.
export async function say(page, text) {
  const composer = page.getByRole("textbox", { name: "Message" });
  await composer.fill(text);
  await composer.press("Enter");
}

export const log = (page) => page.locator("#log");

/// Until the conversation shows this text.
export async function shows(page, text) {
  await log(page).getByText(text).last().waitFor();
}

/// Until nothing is being answered any more.
export async function answered(page) {
  await page.locator('#composer[data-running="false"]').waitFor();
}

export function noProblems(page) {
  check(page.problems.length === 0, page.problems.join("\n"));
}

let browser;
export async function open() {
  browser = await chromium.launch({ executablePath: env.CHROMIUM, args: FLAGS });
}
export async function close() {
  await browser?.close();
}

/// What each open page shows, for the report of a story that failed.
export async function shown() {
  const pages = browser.contexts().flatMap((context) => context.pages());
  const texts = pages.map(async (page) => `--- ${page.url()}\n${page.traffic?.join("\n") ?? ""}\n${await page.locator("main").innerText({ timeout: 2_000 }).catch(String)}`);
  return (await Promise.all(texts)).join("\n");
}
