"use strict";
// Copying is the only thing the page does by script; without it everything else works.
for (const button of document.querySelectorAll(".copy")) {
  if (!navigator.clipboard) break; // browsers give it on https and on localhost only
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
const menu = document.getElementById("menu");
if (matchMedia("(max-width: 820px)").matches) {
  menu.open = false;
  menu.addEventListener("click", (e) => { if (e.target.closest("a")) menu.open = false; });
}
