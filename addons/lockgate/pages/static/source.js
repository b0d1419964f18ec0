// The marked section in sight, unless the address names a line.
if (!location.hash) document.querySelector("tr.marked")?.scrollIntoView({ block: "center" });
