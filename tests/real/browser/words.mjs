// Words that can't be sent or answered at once, and sites that are opened on the way.

import { TO_LOOK_AT, everyForm } from "./axe.mjs";
import { answered, check, env, log, noProblems, say, shows, signedIn, tell, url } from "./browser.mjs";

const composer = (page) => page.getByRole("textbox", { name: "Message" });

/// What is typed while the program is away is kept, said to be, and sent by the next try.
export async function words_outlive_a_restart() {
  const page = await signedIn();
  await say(page, "note: the first");
  await page.locator("article.answer").waitFor();
  check(await composer(page).evaluate((it) => it === document.activeElement), "the new chat’s composer has the focus");
  await answered(page);
  await tell("kill it");
  await say(page, "note: the second");
  await page.getByText("What you typed is still here").waitFor();
  check((await composer(page).inputValue()) === "note: the second", "the words are in the composer");
  await tell("start it");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText("Steward is back").waitFor();
  check((await page.getByText("can’t be reached").count()) === 0, "what is over is not said any more");
  check((await composer(page).inputValue()) === "note: the second", "the words are still there");
  await composer(page).press("Enter");
  await page.locator("article.answer").nth(1).waitFor();
  check((await composer(page).inputValue()) === "", "what was sent has left the composer");
  await tell("kill and start it");
  // At once, whatever the page knows of the program by now.
  await say(page, "note: the third");
  await composer(page).pressSequentially(" and more");
  const kept = page.getByText("What you typed is still here");
  await page.locator("article.answer").nth(2).or(kept).first().waitFor();
  const left = (await composer(page).inputValue()).trim();
  check(left === (await kept.count() ? "note: the third and more" : "and more"), `left in the composer: ${left}`);
  if (await kept.count()) await composer(page).press("Enter");
  await page.locator("article.answer").nth(2).waitFor();
  await log(page).getByText("note: the third").waitFor();
}

/// Words typed behind a question say what they wait for, and are answered by themselves.
export async function words_wait_behind_a_question() {
  const page = await signedIn(TO_LOOK_AT);
  await say(page, env.REQUEST);
  await page.locator(".approval").getByText("waits for you").waitFor();
  await say(page, "how is the weather?");
  await shows(page, "Waits until you answered the question above");
  const trace = await log(page).getByRole("link", { name: "Trace", exact: true }).last().boundingBox();
  check(trace.height >= 24, `the way to the trace is ${trace.height} px high`);
  await everyForm(page, "words that wait");
  await pictures(page, "waits");
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator('.approval form.actions button[value="deny"]').click();
  await shows(page, "I left it alone");
  await shows(page, "It rains.");
  await answered(page);
  check((await log(page).getByText("Waits until").count()) === 0, "nothing waits any more");
  await composer(page).press("ArrowUp");
  check((await composer(page).inputValue()) === "how is the weather?", "the last own words are there to be changed");
  noProblems(page);
}

/// In a pause the bar stays in sight, and so does what the words wait for.
export async function words_wait_for_the_end_of_a_pause() {
  const page = await signedIn(TO_LOOK_AT);
  await page.getByRole("button", { name: /sign out$/ }).click();
  await page.getByRole("button", { name: "Pause everything" }).click();
  await page.getByText("Nothing runs and nothing leaves the house.").waitFor();
  await page.goto(url("/chat"));
  await say(page, "what time is it");
  await shows(page, "Everything is paused; this waits until that is over");
  await everyForm(page, "words in a pause");
  await pictures(page, "paused");
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 640 });
    await page.evaluate(() => scrollTo(0, document.scrollingElement.scrollHeight));
    const bar = await page.getByRole("button", { name: "Resume", exact: true }).boundingBox();
    const head = await page.locator(".head").boundingBox();
    check(bar.y >= head.y + head.height, `at ${width} the bar is at ${bar.y}, under the header`);
    const waits = await log(page).getByText("this waits until that is over").boundingBox();
    check(waits.y >= bar.y + bar.height && waits.y < 640, `at ${width} the words are at ${waits.y}`);
  }
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await page.locator("article.answer").waitFor();
  // A pause from elsewhere changes the page that is open: the bar and the entry of the menu.
  await page.evaluate(() => fetch("/pause", { method: "POST" }));
  await page.getByText("Nothing runs and nothing leaves the house.").waitFor();
  await page.getByRole("button", { name: /sign out$/ }).click();
  await page.getByRole("button", { name: "Resume everything" }).waitFor();
  check((await page.getByRole("button", { name: "Pause everything" }).count()) === 0, "one entry is offered");
  await page.getByRole("button", { name: "Resume everything" }).click();
  await page.getByText("Nothing runs and nothing leaves the house.").waitFor({ state: "detached" });
  noProblems(page);
}

/// A site that was denied is opened on the spot, asked for again, shown and closed.
export async function denied_site_is_opened_in_the_chat() {
  const page = await signedIn(TO_LOOK_AT);
  const site = new URL(env.PAGE).host;
  await say(page, `fetch ${env.PAGE}`);
  await shows(page, `${site} is not open to me.`);
  await answered(page);
  await everyForm(page, "a chat with an offer");
  await pictures(page, "offer");
  await composer(page).fill("not sent yet");
  await page.getByRole("button", { name: `Open ${site} for this chat` }).click();
  await shows(page, `${site} may be used now.`);
  check((await composer(page).inputValue()) === "not sent yet", "what was typed is still there");
  await everyForm(page, "a chat with an open site");
  await pictures(page, "opened");
  await page.getByRole("button", { name: "Try again" }).click();
  await shows(page, "The opening hours are from nine to five");
  await page.getByRole("button", { name: `Close ${site} for this chat` }).click();
  await page.getByText(`${site} is closed for this chat.`).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: `Close ${site} for this chat` }).waitFor();
  await page.getByText("Open a site for this chat").click();
  await page.getByLabel("Site to open for this chat").fill("co.uk");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByText("Name the sites.").waitFor();
  await pictures(page, "refused");
  noProblems(page);
}

/// For looking at, where the environment names a folder.
async function pictures(page, name) {
  for (const colorScheme of env.PICTURES ? ["light", "dark"] : []) {
    await page.emulateMedia({ colorScheme });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: `${env.PICTURES}/${name}-${colorScheme}-${width}.png` });
    }
  }
}
