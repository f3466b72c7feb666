// The first minutes: from the printed code to the first answer.

import { TO_LOOK_AT, everyForm } from "./axe.mjs";
import { answered, check, env, noProblems, say, shows, url, window_ } from "./browser.mjs";

const SETUP_MS_MAX = 180_000;

/// No mouse: only what the keyboard types, as a person reads the page.
export async function setup_by_keyboard() {
  const page = await window_();
  const hands = await watchHands(page);
  const keys = page.keyboard;
  const begun = Date.now();
  await page.goto(url("/"));
  await page.waitForURL(/\/setup/);
  check(await focused(page, "code"), "the field of the code has the focus");
  await keys.type(env.CODE);
  await keys.press("Enter");

  await page.getByRole("heading", { name: "Who is the owner?" }).waitFor();
  check(await focused(page, "name"), "the first field has the focus");
  await keys.type(env.OWNER);
  await tabTo(page, "Password");
  await keys.type("short");
  await keys.press("Enter");
  await page.getByRole("alert").waitFor();
  check(await focused(page, "password"), "the field that is wrong has the focus");
  await keys.type(env.PASSWORD);
  await keys.press("Enter");

  await page.getByRole("heading", { name: "Connect a language model" }).waitFor();
  await tabTo(page, "Skip for now");
  await keys.press("Enter");
  await page.getByRole("link", { name: "Open Chat" }).waitFor();
  await tabTo(page, "Open Chat");
  await keys.press("Enter");

  await page.waitForURL(/\/chat/);
  await page.getByText("No language model is connected").waitFor();
  await tabTo(page, "Message");
  await keys.type("note: boiler serviced in May");
  await keys.press("Enter");
  await shows(page, /boiler/i);
  await answered(page);
  const took = Date.now() - begun;
  check(took < SETUP_MS_MAX, `setting up took ${took} ms`);
  check(hands.pointer.length === 0, `a pointer was used: ${hands.pointer}`);
  console.error(`set up with ${hands.keys} keys and no pointer in ${(took / 1000).toFixed(1)} s`);

  const closed = await page.request.get(url("/setup"), { maxRedirects: 0 });
  check(closed.status() === 410, `setup is closed for good, and said ${closed.status()}`);
  noProblems(page);
}

/// A model that refuses is not saved, and what was typed stays; one that answers is there at once.
export async function setup_with_a_model() {
  const page = await window_();
  await page.goto(url("/setup"));
  await page.getByLabel("Setup code").fill(env.CODE);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Name").fill(env.OWNER);
  await page.getByLabel("Password").fill(env.PASSWORD);
  await page.getByRole("button", { name: "Create owner" }).click();
  await page.getByText("OpenAI and alike").click();
  await page.getByLabel("Name").fill("home");
  await page.getByLabel("Address").fill(env.MODEL_URL);
  await page.getByLabel("Key").fill("wrong-key");
  await page.getByRole("textbox", { name: "Model" }).fill("echo");
  await page.getByRole("button", { name: "Test and save" }).click();
  await page.getByRole("alert").first().waitFor();
  check((await page.getByLabel("Address").inputValue()) === env.MODEL_URL, "the address is still there");
  check((await page.getByLabel("Key").inputValue()) === "", "a key is never shown again");
  await page.getByLabel("Key").fill("right-key");
  await page.getByRole("button", { name: "Test and save" }).click();
  await page.getByRole("heading", { name: "Ready, and connected" }).waitFor();
  await page.getByText(/home:echo answered in/).waitFor();
  await page.getByRole("link", { name: "Open Chat" }).click();
  await say(page, "Good day");
  await shows(page, "Good evening.");
  await answered(page);
  noProblems(page);
}

/// Each step in every form, and its bad answers in words.
export async function setup_steps_are_accessible() {
  const page = await window_(TO_LOOK_AT);
  await page.goto(url("/setup"));
  await everyForm(page, "setup: code");
  await page.getByLabel("Setup code").fill("0000-0000");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("alert").first().waitFor();
  await everyForm(page, "setup: wrong code");
  await page.getByLabel("Setup code").fill(env.CODE);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByLabel("Name").fill(env.OWNER);
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create owner" }).click();
  await page.getByRole("alert").first().waitFor();
  check((await page.getByLabel("Name").inputValue()) === env.OWNER, "what was typed is still there");
  await everyForm(page, "setup: owner");
  await page.getByLabel("Password").fill(env.PASSWORD);
  await page.getByRole("button", { name: "Create owner" }).click();
  await page.getByRole("heading", { name: "Connect a language model" }).waitFor();
  await everyForm(page, "setup: model");
  await page.getByRole("button", { name: "Skip for now" }).click();
  await page.getByRole("link", { name: "Open Chat" }).waitFor();
  await everyForm(page, "setup: done");
}

/// Counts keys, and names whatever a mouse or a finger does, on every page from here on.
async function watchHands(page) {
  const hands = { keys: 0, pointer: [] };
  await page.exposeFunction("handUsed", (type) => {
    if (type === "keydown") hands.keys++;
    else hands.pointer.push(type);
  });
  await page.addInitScript(() => {
    for (const type of ["keydown", "pointerdown", "mousedown", "touchstart", "wheel"]) {
      window.addEventListener(type, () => window.handUsed(type), { capture: true, passive: true });
    }
  });
  return hands;
}

async function focused(page, id) {
  return page.evaluate((id) => document.activeElement?.id === id, id);
}

/// Presses Tab until what has the focus is called this.
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses++) {
    const here = await page.evaluate(() => {
      const at = document.activeElement;
      const label = at?.labels?.[0]?.textContent ?? at?.getAttribute("aria-label") ?? at?.textContent ?? "";
      return label.trim();
    });
    if (here.startsWith(name)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never reaches «${name}»`);
}
