import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { whyClosed } from "../../household/tell";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import type { Phone } from "../../protocol.gen";
import { paths, type Route } from "../../router";
import { words } from "../../words";
import { InvitePage } from "./invite";
import { ListPage } from "./list";
import { LogPage } from "./log";
import { PasskeyPage } from "./passkey";
import { PhonePage } from "./phone";
import { RulesPage } from "./rules";
import { SoftwarePage } from "./software";
import { TokensPage } from "./tokens";

type At = Extract<Route, { name: "household" }>;

/** One page of a household, under its headline and the state of the line. */
export function HouseholdPages({ at }: { at: At }) {
	const { name, doorbell, me, desk } = useHousehold();
	const { household: text, app } = words.value;
	const back = at.page === "home" ? paths.settings : paths.household(doorbell);
	const members = desk.view.value?.members ?? [];
	const shown = members.find(({ phone }) => phone.id === (at.page === "phone" ? at.item : me));
	const title = useRef<HTMLHeadingElement>(null);
	// Each page begins at its head, for the eye and for screen readers.
	useEffect(() => {
		scrollTo(0, 0);
		title.current?.focus({ preventScroll: true });
	}, [at.page, at.item]);
	const again = desk.view.value !== null && desk.state.value.phase === "connecting";
	return (
		<div class={`page settings household at-${at.page}`}>
			<header class="bar">
				<a class="round" href={back} aria-label={app.back} data-testid="household-back">
					<Icon name="back" />
				</a>
				<div class="bar-title">
					<h1 ref={title} tabIndex={-1}>
						{titleOf(at.page, shown?.phone)}
					</h1>
					<p role="status">{again ? `${name} · ${text.line.connecting}` : name}</p>
				</div>
			</header>
			<main class="household-body" id="content" data-testid={`household-${at.page}`}>
				<LineBanner />
				{desk.view.value ? <Page at={at} /> : <Waiting>{text.line.connecting}</Waiting>}
			</main>
		</div>
	);
}

function titleOf(page: At["page"], phone: Phone | undefined): string {
	const { household: text, log, software } = words.value;
	switch (page) {
		case "home":
			return (phone?.rights.includes("admin") ?? true) ? text.title : text.mine;
		case "phone":
			return phone?.name ?? text.list.phones;
		case "log":
			return log.title;
		case "software":
			return software.title;
		default:
			return text[page].title;
	}
}

function Page({ at }: { at: At }) {
	switch (at.page) {
		case "home":
			return <ListPage />;
		case "phone":
			return <PhonePage key={at.item} id={at.item} />;
		case "invite":
			return <InvitePage />;
		case "tokens":
			return <TokensPage />;
		case "rules":
			return <RulesPage />;
		case "passkey":
			return <PasskeyPage />;
		case "log":
			return <LogPage />;
		case "software":
			return <SoftwarePage />;
	}
}

function Waiting({ children }: { children: ComponentChildren }) {
	const { desk } = useHousehold();
	if (desk.state.value.phase === "closed") return null;
	return (
		<p class="empty" role="status">
			{children}
		</p>
	);
}

/** Said while what is shown may not be what is. */
function LineBanner() {
	const { desk, software } = useHousehold();
	const { household: text, app } = words.value;
	const { phase, error } = desk.state.value;
	// A doorbell that restarts on purpose comes back by itself.
	if (phase !== "closed" || software.restarting.value) return null;
	return (
		<div class="banner bad wide" role="alert" data-testid="household-away">
			<p>
				{whyClosed(error, words.value)} {desk.view.value && text.line.lastKnown}
			</p>
			<button type="button" class="pill quiet" onClick={() => desk.retry()}>
				{app.tryAgain}
			</button>
		</div>
	);
}
