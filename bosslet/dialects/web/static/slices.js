// Scroll through the slices of a volume, never asking for more than one picture at a time.
"use strict";

const picture = document.getElementById("slice");
const slider = document.getElementById("z");
const number = document.getElementById("number");
let loading = false;

function show() {
  number.value = slider.value;
  if (loading) return;
  const wanted = slider.value;
  const next = new Image();
  loading = true;
  next.onload = next.onerror = (event) => {
    loading = false;
    if (event.type === "load") picture.src = next.src;
    picture.alt = event.type === "load" ? `slice ${wanted}` : `slice ${wanted} could not be read`;
    if (slider.value !== wanted) show();
  };
  next.src = picture.dataset.url + wanted;
}

slider.addEventListener("input", show);
picture.addEventListener("wheel", (event) => {
  event.preventDefault();
  slider.value = Number(slider.value) + Math.sign(event.deltaY);
  show();
}, { passive: false });
