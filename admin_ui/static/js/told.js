// What the server says of a deploy is English, for programs too; in another language the deploy's own page has it told.

/** The deploy with its sentences in the language of the page; as it is where that page cannot be fetched now. */
export async function told(deploy) {
  if (document.documentElement.lang === "en") return deploy;
  const answer = await fetch(`/deploys/${deploy.id}/progress`, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return deploy;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const known = new Map([...page.querySelectorAll("[data-said]")].map((each) => [each.dataset.said, each.textContent]));
  const say = (sentence) => known.get(sentence) ?? sentence;
  const { error, detection, problems } = deploy;
  return {
    ...deploy,
    error: error && { ...error, detail: say(error.detail) },
    detection: detection && { ...detection, why: say(detection.why) },
    problems: problems.map((problem) => ({ ...problem, message: say(problem.message) })),
  };
}
