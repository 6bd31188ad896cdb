setInterval(() => {
  if (document.hidden) return;
  fetch(location.href, { method: "HEAD", cache: "no-store" }).then((answer) => {
    if (answer.status < 500) location.replace(location.pathname + location.search);
  }, () => {});
}, 3000);
