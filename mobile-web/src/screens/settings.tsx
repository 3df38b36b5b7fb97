import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { askForMicrophone, microphoneAllowed } from "../call/mic";
import { rightsLine, timesLine } from "../household/describe";
import { bellWanted, wantBell } from "../parts/bell";
import { Card } from "../parts/card";
import { Icon } from "../parts/icons";
import { install, installable } from "../parts/install";
import { notify } from "../parts/notice";
import { Row } from "../parts/row";
import { sentenceOf } from "../parts/sentence";
import { useSession } from "../parts/session";
import { moment } from "../parts/time";
import {
	disablePush,
	enablePush,
	isApplePhone,
	isInstalled,
	pushState,
	readPushState,
} from "../push/push";
import { paths } from "../router";
import { chooseLanguage, LANGUAGES, type Language, language, locale, words } from "../words";

export function SettingsScreen() {
	const { app, settings: text } = words.value;
	return (
		<div class="page settings">
			<header class="bar">
				<a class="round" href={paths.home} aria-label={app.back}>
					<Icon name="back" />
				</a>
				<div class="bar-title">
					<h1>{text.title}</h1>
				</div>
			</header>
			<main class="settings-body" id="content">
				<Notifications />
				<Install />
				<Households />
				<ThisPhone />
				<Sound />
				<LanguageChoice />
				<Health />
				<About />
			</main>
		</div>
	);
}

function Notifications() {
	const { client } = useSession();
	const busy = useSignal(false);
	const { settings: text } = words.value;
	useEffect(() => void readPushState(), []);
	const run = async (work: () => Promise<void>, done?: string) => {
		busy.value = true;
		try {
			await work();
			if (done) notify(done);
		} catch (error) {
			const browser = error instanceof DOMException;
			notify(browser ? text.pushFailed : sentenceOf(error, words.value), "bad");
		}
		busy.value = false;
	};
	const state = pushState.value;
	const hints = {
		blocked: text.blocked,
		needs_install: text.needsInstall,
		needs_secure: text.needsSecure,
		unsupported: text.unsupported,
	};
	const hint = state in hints ? hints[state as keyof typeof hints] : undefined;
	return (
		<Card icon="bell" title={text.notifications}>
			<p>{state === "on" ? text.enabled : text.pushWhy}</p>
			{hint && <p class="hint bad">{hint}</p>}
			<div class="actions">
				{(state === "off" || state === "unknown") && (
					<button
						type="button"
						class="pill primary"
						data-testid="enable-push"
						disabled={busy.value}
						onClick={() => void run(() => enablePush(client, language.value))}
					>
						{text.enable}
					</button>
				)}
				{state === "on" && (
					<>
						<button
							type="button"
							class="pill primary"
							data-testid="test-push"
							disabled={busy.value}
							onClick={() => void run(() => client.testPush(), text.tested)}
						>
							{text.test}
						</button>
						<button
							type="button"
							class="pill quiet"
							disabled={busy.value}
							onClick={() => void run(() => disablePush(client, language.value))}
						>
							{text.disable}
						</button>
					</>
				)}
			</div>
		</Card>
	);
}

function Install() {
	const { settings: text } = words.value;
	if (isInstalled() || (!isApplePhone() && !installable.value)) return null;
	return (
		<Card icon="share" title={text.install}>
			<p>{text.installWhy}</p>
			{isApplePhone() ? (
				<p class="hint">{text.installIos}</p>
			) : (
				<button type="button" class="pill primary" onClick={() => void install()}>
					{text.installNow}
				</button>
			)}
		</Card>
	);
}

/** Each doorbell's household: for its admins all of it, for others their own rights. */
function Households() {
	const { household } = useSession();
	const { household: text } = words.value;
	if (household.doorbells.value.length === 0) return null;
	return (
		<Card icon="lock" title={text.title}>
			<nav class="rows household-link">
				{household.doorbells.value.map(({ id, name, me }) => {
					const admin = me.rights.includes("admin");
					const times = timesLine(me, household.nowMs.value, words.value, locale.value);
					return (
						<Row
							key={id}
							href={paths.household(id)}
							hook="to-household"
							title={name}
							lines={admin ? [text.open] : [rightsLine(me, words.value), times]}
						/>
					);
				})}
			</nav>
		</Card>
	);
}

function ThisPhone() {
	const { identity } = useSession();
	const { settings: text } = words.value;
	const allowed = useSignal<boolean | null>(null);
	useEffect(() => {
		void microphoneAllowed().then((yes) => {
			allowed.value = yes;
		});
	}, []);
	return (
		<Card icon="phone" title={text.phone}>
			<p>{text.phoneName(identity.record.name)}</p>
			<p class="hint">
				{text.microphone}: {allowed.value ? text.microphoneOn : text.microphoneOff}
			</p>
			{allowed.value === false && (
				<button
					type="button"
					class="pill quiet"
					onClick={() =>
						void askForMicrophone().then((yes) => {
							allowed.value = yes;
						})
					}
				>
					<Icon name="mic" />
					{text.microphoneAsk}
				</button>
			)}
		</Card>
	);
}

function Sound() {
	const on = useSignal(bellWanted());
	const { settings: text } = words.value;
	return (
		<Card icon="sound" title={text.sound}>
			<label class="switch">
				<span>{text.soundWhy}</span>
				<input
					type="checkbox"
					role="switch"
					checked={on.value}
					aria-checked={on.value}
					onChange={(event) => {
						on.value = event.currentTarget.checked;
						wantBell(on.value);
					}}
				/>
			</label>
		</Card>
	);
}

function LanguageChoice() {
	const { settings: text } = words.value;
	return (
		<Card icon="reply" title={text.languageTitle}>
			<div class="choices" role="radiogroup" aria-label={text.languageTitle}>
				{(Object.keys(LANGUAGES) as Language[]).map((each) => (
					<label key={each} class="choice">
						<input
							type="radio"
							name="language"
							checked={language.value === each}
							onChange={() => chooseLanguage(each)}
						/>
						<span lang={each}>{LANGUAGES[each].language}</span>
					</label>
				))}
			</div>
		</Card>
	);
}

function Health() {
	const { household } = useSession();
	const { settings: text, home, parts } = words.value;
	if (household.doorbells.value.length === 0) return null;
	return (
		<Card icon="check" title={text.health}>
			{household.doorbells.value.map(({ id, name, online, since_ms, state }) => (
				<div key={id} class="health">
					<p>
						<span class={`lamp ${online ? "on" : "off"}`} /> {name}
					</p>
					{!online && (
						<p class="hint bad">
							{home.awaySince(moment(since_ms, household.nowMs.value, locale.value))}
						</p>
					)}
					{online && !state?.faults.length && <p class="hint">{text.allWell}</p>}
					{state?.faults.map((fault) => (
						<p key={fault.part} class="hint bad">
							{parts[fault.part]}: {fault.detail}
						</p>
					))}
				</div>
			))}
		</Card>
	);
}

function About() {
	const { settings: text } = words.value;
	return (
		<Card icon="light" title={text.about}>
			<p>{text.aboutText}</p>
			<p class="hint">{text.version(__APP_VERSION__)}</p>
		</Card>
	);
}
