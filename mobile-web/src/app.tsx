import { untracked, useSignalEffect } from "@preact/signals";
import { isRinging } from "./household/merge";
import { Notice } from "./parts/notice";
import { SessionContext } from "./parts/session";
import { showWaiting } from "./rings";
import { route } from "./router";
import { DoorScreen } from "./screens/door";
import { HomeScreen } from "./screens/home";
import { HouseholdScreen } from "./screens/household";
import { SettingsScreen } from "./screens/settings";
import { VisitScreen } from "./screens/visit";
import type { Session } from "./session";
import { reload, updateReady } from "./update";
import { words } from "./words";

/** The app of a paired phone. */
export function App({ session }: { session: Session }) {
	const { household } = session;
	useSignalEffect(() => {
		const waiting = household.visits.value.find((visit) => isRinging(visit, household.nowMs.value));
		const name = waiting ? (household.doorbell(waiting.doorbell)?.name ?? "") : null;
		showWaiting(name, words.value.home.title);
	});
	// A call lives as long as its screen. Only leaving the screen ends it: it begins before.
	useSignalEffect(() => {
		if (route.value.name !== "call") untracked(() => session.hangUp());
	});
	return (
		<SessionContext.Provider value={session}>
			<button type="button" class="skip" onClick={skip}>
				{words.value.a11y.skip}
			</button>
			<Update />
			<Screen />
			<Notice />
		</SessionContext.Provider>
	);
}

function Screen() {
	const at = route.value;
	switch (at.name) {
		case "ring":
		case "call":
			return <DoorScreen at={at} />;
		case "visit":
			return <VisitScreen id={at.visit} />;
		case "settings":
			return <SettingsScreen />;
		case "household":
			return <HouseholdScreen at={at} />;
		default:
			return <HomeScreen />;
	}
}

function Update() {
	const { app } = words.value;
	// Nothing lies between a thumb and the door.
	const atDoor = route.value.name === "call" || route.value.name === "ring";
	if (!updateReady.value || atDoor) return null;
	return (
		<p class="update" role="status">
			{app.newVersion}
			<button type="button" class="pill primary" onClick={reload}>
				{app.reload}
			</button>
		</p>
	);
}

/** The address bar belongs to the screens, so the jump is made by hand. */
function skip(): void {
	const content = document.getElementById("content");
	content?.setAttribute("tabindex", "-1");
	content?.focus();
}
