// Scroll through the slices of a volume, never asking for more than one picture at a time.
"use strict";

const picture = document.getElementById("slice");
const slider = document.getElementById("position");
const number = document.getElementById("number");
const across = document.getElementById("across");
let loading = false;

function plane() {
  return document.querySelector("input[name=plane]:checked");
}

function wanted() {
  return plane().dataset.url.replace("{n}", slider.value);
}

function show() {
  number.value = slider.value;
  if (loading) return;
  const url = wanted();
  const words = `${plane().value} slice, ${plane().dataset.across} = ${slider.value}`;
  const ratio = plane().dataset.ratio;
  const next = new Image();
  loading = true;
  next.onload = next.onerror = (event) => {
    loading = false;
    if (event.type === "load") {
      picture.src = next.src;
      stretch(ratio);
    }
    picture.alt = event.type === "load" ? words : `${words} could not be read`;
    if (wanted() !== url) show();
  };
  next.src = url;
}

// Voxels need not be as wide as they are high; a slice is shown as it lies in space.
function stretch(ratio) {
  picture.style.aspectRatio = Math.min(20, Math.max(0.05, ratio));
}

function turn() {
  const { first, last, middle } = plane().dataset;
  across.textContent = plane().dataset.across;
  slider.min = first;
  slider.max = last;
  slider.value = middle;
  show();
}

if (picture !== null) {
  stretch(picture.dataset.ratio);
  slider.addEventListener("input", show);
  for (const choice of document.querySelectorAll("input[name=plane]")) choice.addEventListener("change", turn);
  // A browser may bring back what was chosen before a reload.
  if (!document.querySelector("input[name=plane]").checked) turn();
  picture.addEventListener("wheel", (event) => {
    event.preventDefault();
    slider.value = Number(slider.value) + Math.sign(event.deltaY);
    show();
  }, { passive: false });
}
