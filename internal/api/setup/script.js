"use strict";
// The token stands behind the # of the link, which browsers keep to themselves: no server or proxy has logged it.
const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
const $ = (id) => document.getElementById(id);
history.replaceState(null, "", location.pathname); // so that it does not stay in the history either

const words = {
  setup: ["Welcome. Make the first owner.", "You will be the owner of this hub: you can invite others and change everything."],
  invite: ["Welcome to Tocsin.", "Choose a password to take up the invitation."],
  reset: ["Choose a new password.", "You will be signed out everywhere else."],
};

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), credentials: "same-origin",
  });
  let data = {};
  try { data = await answer.json(); } catch { /* an answer of a proxy, say: the status says enough */ }
  return { ok: answer.ok, status: answer.status, data };
}

function say(title, about) {
  $("title").textContent = title;
  $("about").textContent = about;
}

function fail(text) {
  $("error").textContent = text;
  $("error").hidden = !text;
}

async function begin() {
  if (!token) {
    say("This link is not complete.", "Open the whole link as you were given it, with everything behind the #.");
    return;
  }
  const { ok, status, data } = await post("/api/v1/setup/inspect", { token });
  if (!ok) {
    say("This link cannot be used.", status === 404
      ? "It was used already, or its time is over. Ask for a new one; the first owner's is printed when the hub starts."
      : data.detail || "The hub did not answer. Try again in a moment.");
    return;
  }
  const [title, about] = words[data.purpose];
  say(title, about);
  $("email").value = data.email || "";
  $("email").required = $("name").required = data.purpose === "setup";
  $("email").readOnly = data.purpose !== "setup";
  $("form").hidden = false;
  (data.purpose === "setup" ? $("email") : $("name")).focus();
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if ($("password").value !== $("again").value) {
    fail("The two passwords differ.");
    return;
  }
  fail("");
  $("go").disabled = true;
  const { ok, data } = await post("/api/v1/setup", {
    token, email: $("email").readOnly ? "" : $("email").value, name: $("name").value, password: $("password").value,
  });
  $("go").disabled = false;
  if (!ok) {
    fail(data.detail || "The hub did not answer. Try again in a moment.");
    return;
  }
  $("form").hidden = true;
  if (data.code_needed) {
    say("The password is set.", "Sign in with it and a code of your second factor.");
    return;
  }
  say("All set.", "");
  $("next").hidden = false;
});

begin().catch(() => say("The hub cannot be reached.", "Try again in a moment."));
