"""What each step of the engine has done with a request, as a sentence for the people who made the site."""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.serving.engine import METHODS, Step, Visit
from appliance.serving.replies import Reply
from appliance.storage.rules import Redirect

Words = Callable[["Moment"], str]

_OBEYING = ("_consult_rules", "_obey_rule")


@dataclass(frozen=True, slots=True)
class Moment:
    """A visit just after a step: what the step has answered, and whether there was a page before it."""

    visit: Visit
    reply: Reply | None
    had_page: bool

    @property
    def found(self) -> bool:
        """Whether the step has found the page that is going to be sent."""
        return self.visit.page is not None and not self.had_page

    def obeyed(self, step: Step) -> Redirect | None:
        """The rule that the step has followed."""
        rule = self.visit.ruling.rule
        decided = self.found or self.reply is not None
        return rule.redirect if rule is not None and decided and step.__name__ in _OBEYING else None


def said(step: str, moment: Moment) -> str:
    """The sentence for a step, by its name without the underscore."""
    return _WORDS[step](moment)


def place(redirect: Redirect) -> str:
    """Where a rule stands, as people write it."""
    return f"{redirect.file}:{redirect.line}"


def _prefix(moment: Moment) -> str:
    return "The address is the platform's own." if moment.reply else "The address is not one of the platform's own."


def _method(moment: Moment) -> str:
    method = moment.visit.request.method.decode("ascii", "replace")
    if moment.reply is None:
        return f"{method} is answered."
    *known, last = (one.decode() for one in METHODS)
    only = f"Only {', '.join(known)} and {last} are answered."
    return "OPTIONS is answered without a look at the site." if moment.reply.status == 204 else only


def _target(moment: Moment) -> str:
    if moment.reply is not None:
        return "The path cannot be read: it has control characters in it."
    address = moment.visit.address
    if not address.key:
        return "It asks for the home page."
    shown = _shown(address.key)
    return f"It asks for {shown}, as a folder." if address.slash else f"It asks for {shown}."


def _rules(moment: Moment) -> str:
    visit = moment.visit
    rule = visit.ruling.rule
    if visit.release.rules is None:
        return "The site has no redirects and no headers of its own."
    if rule is None:
        return "No redirect applies."
    where = place(rule.redirect)
    if not rule.redirect.force:
        return f"{where} applies, unless there is a file."
    return (
        _effect(rule.redirect, moment) if moment.found or moment.reply else f"{where} leads to nothing that is there."
    )


def _file(moment: Moment) -> str:
    if moment.had_page:
        return "A rule has named the file already."
    if moment.reply is not None:
        return f"The page has another address of its own: it moves to {_location(moment.reply)}."
    rule = moment.visit.ruling.rule
    if not moment.found:
        return "No file is there for this address."
    if rule is None:
        return "There is a file for this address."
    return f"There is a file for this address, so that {place(rule.redirect)} does not apply."


def _obey(moment: Moment) -> str:
    rule = moment.visit.ruling.rule
    if moment.had_page:
        return "There is a file: rules that leave files alone have no turn."
    if rule is None:
        return "No redirect applies."
    decided = moment.found or moment.reply is not None
    return _effect(rule.redirect, moment) if decided else f"{place(rule.redirect)} leads to nothing that is there."


def _effect(redirect: Redirect, moment: Moment) -> str:
    where, reply = place(redirect), moment.reply
    if reply is not None and reply.upstream:
        return f"{where} fetches the answer from {reply.upstream.decode('ascii')}."
    if reply is None:
        return f"{where} answers with the file at {redirect.to}."
    location = _location(reply)
    if location:
        return f"{where} leads to {location}."
    if reply.status != redirect.status:
        return f"{where} names {redirect.to}, where there is no file."
    return f"{where} answers {reply.status} with {redirect.to}."


def _earlier(moment: Moment) -> str:
    if moment.had_page:
        return "Earlier deploys are not looked at."
    if moment.found:
        return "An earlier deploy had this file, and it still answers."
    return "No earlier deploy has a file that still answers."


def _application(moment: Moment) -> str:
    if moment.had_page:
        return "No fallback is needed."
    if moment.found:
        return "The page of the single-page application answers."
    if moment.visit.release.fallback is None:
        return "The site is no single-page application."
    return "The page of the single-page application is for visits, and this asks for a part of a page."


def _coding(moment: Moment) -> str:
    page = moment.visit.page
    if page is None:
        return "There is nothing to choose a coding for."
    coding = dict(page.fields).get(b"content-encoding")
    return f"It is sent as {coding.decode('ascii')}." if coding else "It is sent as it is."


def _conditions(moment: Moment) -> str:
    if moment.reply is None:
        return "No condition of the request stands against it."
    return "The visitor has it already." if moment.reply.status == 304 else "A condition of the request does not hold."


def _send(moment: Moment) -> str:
    if moment.reply is None:
        return "There is no file to send."
    return {200: "The file is sent.", 206: "A part of the file is sent."}.get(
        moment.reply.status, "The part asked for is not there."
    )


def _missing(moment: Moment) -> str:
    own = moment.reply is not None and moment.reply.part is None
    return (
        "Nothing is there, and the site has no 404.html." if own else "Nothing is there: the nearest 404.html answers."
    )


def _location(reply: Reply) -> str:
    return dict(reply.fields).get(b"location", b"").decode("ascii", "replace")


def _shown(key: str) -> str:
    return key.encode("utf-8", "replace").decode()


_WORDS: dict[str, Words] = {
    "check_prefix": _prefix,
    "check_method": _method,
    "read_target": _target,
    "consult_rules": _rules,
    "find_file": _file,
    "obey_rule": _obey,
    "look_back": _earlier,
    "fall_back": _application,
    "choose_coding": _coding,
    "check_conditions": _conditions,
    "send_file": _send,
    "not_found": _missing,
}
