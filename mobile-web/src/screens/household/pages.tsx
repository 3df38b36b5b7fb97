import type { ComponentChildren } from "preact";
import { whyClosed } from "../../household/tell";
import { useHousehold } from "../../parts/household";
import { Icon } from "../../parts/icons";
import { paths, type Route } from "../../router";
import { words } from "../../words";
import { InvitePage } from "./invite";
import { ListPage } from "./list";
import { LogPage } from "./log";
import { PasskeyPage } from "./passkey";
import { PhonePage } from "./phone";
import { RulesPage } from "./rules";
import { TokensPage } from "./tokens";

type At = Extract<Route, { name: "household" }>;

/** One page of a household, under its headline and the state of the line. */
export function HouseholdPages({ at }: { at: At }) {
	const { name, doorbell, me, desk } = useHousehold();
	const { household: text, app } = words.value;
	const back = at.page === "home" ? paths.settings : paths.household(doorbell);
	const mine = desk.view.value?.members.find(({ phone }) => phone.id === me)?.phone;
	return (
		<div class={`page settings household at-${at.page}`}>
			<header class="bar">
				<a class="round" href={back} aria-label={app.back} data-testid="household-back">
					<Icon name="back" />
				</a>
				<div class="bar-title">
					<h1>{titleOf(at.page, mine?.rights.includes("admin") ?? true)}</h1>
					<p>{name}</p>
				</div>
			</header>
			<main class="household-body" id="content" data-testid={`household-${at.page}`}>
				<LineBanner />
				{desk.view.value ? <Page at={at} /> : <Waiting>{text.line.connecting}</Waiting>}
			</main>
		</div>
	);
}

function titleOf(page: At["page"], admin: boolean): string {
	const { household: text, log } = words.value;
	switch (page) {
		case "home":
			return admin ? text.title : text.mine;
		case "phone":
			return text.list.phones;
		case "log":
			return log.title;
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
	const { desk } = useHousehold();
	const { household: text, app } = words.value;
	const { phase, error } = desk.state.value;
	if (phase === "open") return null;
	if (phase === "connecting") {
		return desk.view.value ? (
			<p class="banner wide" role="status">
				{text.line.connecting}
			</p>
		) : null;
	}
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
