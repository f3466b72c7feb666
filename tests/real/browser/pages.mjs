// Every page, in every form.

import { TO_LOOK_AT, everyForm } from "./axe.mjs";
import { check, env, say, signedIn, url, window_ } from "./browser.mjs";

/// One page, named in the environment, with what the test put on it.
export async function page_is_accessible() {
  const page = env.PAGE_PATH === "/login" ? await window_(TO_LOOK_AT) : await signedIn(TO_LOOK_AT);
  await opened(page, env.PAGE_PATH);
  await everyForm(page, env.PAGE_PATH);
}

/// What is looked at is the page that was meant: no refusal, and nothing it led on to.
async function opened(page, path) {
  const answer = await page.goto(url(path));
  const expected = Number(env.PAGE_STATUS ?? 200);
  check(answer.status() === expected, `${path} answered ${answer.status()}, not ${expected}`);
  const there = new URL(page.url()).pathname;
  check(there === path, `${path} led to ${there}`);
}

/// A conversation with an answer, a tool call and a card that waits.
export async function conversation_is_accessible() {
  const page = await signedIn(TO_LOOK_AT);
  await say(page, env.REQUEST);
  await page.locator(".approval").getByText("waits for you").waitFor();
  await everyForm(page, "a conversation with a card");
  await page.goto(url("/approvals"));
  await everyForm(page, "/approvals with a card");
}

/// The picture of the README.
export async function screenshot() {
  const page = await signedIn({ viewport: { width: 1200, height: 780 }, deviceScaleFactor: 1.5, colorScheme: "light" });
  await say(page, env.REQUEST);
  await page.locator(".approval").getByText("waits for you").waitFor();
  await page.screenshot({ path: env.PICTURE });
}
