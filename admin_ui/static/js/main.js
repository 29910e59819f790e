// The one module pages load: each behaviour is a file, and finds by itself what it is for.

import { watchServer } from "./away.js";
import { watchConfirmations, watchForms } from "./confirm.js";
import { watchCopyButtons } from "./copy.js";
import { watchDeploy } from "./deploy_page.js";
import { watchKeys } from "./keys.js";
import { newSite } from "./new_site.js";
import { keepFresh } from "./fresh.js";
import { dropOnSite } from "./site_page.js";
import { improve } from "./page.js";
import { pollWhatGoesOn } from "./poll.js";
import { keepTimesFresh } from "./times.js";

improve(document);
keepTimesFresh();
watchServer();
watchCopyButtons();
watchConfirmations();
watchForms();
newSite();
dropOnSite();
watchDeploy();
pollWhatGoesOn();
keepFresh();
watchKeys();
