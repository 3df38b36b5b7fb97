import { signal } from "@preact/signals";
import { render } from "preact";
import { App } from "./app";
import { Identity } from "./identity/identity";
import { prepareBell } from "./parts/bell";
import { watchInstall } from "./parts/install";
import { showRing } from "./rings";
import { go, paths, route, startRouter } from "./router";
import { PairScreen, UnpairedScreen } from "./screens/pair";
import { Session } from "./session";
import { startWorker } from "./update";
import { language } from "./words";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/home.css";
import "./styles/door.css";
import "./styles/call.css";
import "./styles/visit.css";
import "./styles/settings.css";
import "./styles/household.css";
import "./styles/pair.css";
import "./styles/trust.css";

const session = signal<Session | null>(null);

/** Begin as this phone; a phone that pairs again begins anew. */
function begin(identity: Identity): void {
	session.value?.stop();
	const next = new Session(identity);
	next.household.onRing = (visit) => showRing(next, visit);
	session.value = next;
	next.start();
}

function Root() {
	const at = route.value;
	const known = session.value;
	if (at.name === "pair") {
		return (
			<PairScreen
				fragment={at.fragment}
				known={known?.identity}
				onPaired={begin}
				onDone={() => go(paths.home, "replace")}
			/>
		);
	}
	return known ? <App session={known} /> : <UnpairedScreen />;
}

async function main(): Promise<void> {
	document.documentElement.lang = language.value;
	startRouter();
	prepareBell();
	watchInstall();
	// Without a database (some private windows) the phone is simply not paired.
	const identity = await Identity.load().catch(() => undefined);
	if (identity) begin(identity);
	const place = document.getElementById("app");
	if (place) render(<Root />, place);
	if (import.meta.env.PROD) startWorker().catch(() => undefined);
}

void main();
