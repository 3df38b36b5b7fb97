import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { RIGHTS } from "../household/access";
import { timesLine } from "../household/describe";
import { readInvitation } from "../pairing/invitation";
import { copyText } from "../parts/copy";
import { Icon, type IconName, Mark } from "../parts/icons";
import type { Access } from "../protocol.gen";
import { go } from "../router";
import { locale, words } from "../words";

interface FrameProps {
	title: string;
	glow?: boolean;
	children: ComponentChildren;
}

/** The porch lamp, a title, and what there is to say. */
export function Frame({ title, glow = false, children }: FrameProps) {
	return (
		<main class={glow ? "pair lit" : "pair"} id="content">
			<div class="pair-art" aria-hidden="true">
				<Mark />
			</div>
			<div class="pair-body">
				<h1>{title}</h1>
				{children}
			</div>
		</main>
	);
}

/** One sentence, and a place for a link. */
export function Welcome({ title, text }: { title: string; text: string }) {
	return (
		<Frame title={title}>
			<p class="lead">{text}</p>
			{isSecureContext && <PasteLink />}
		</Frame>
	);
}

/** For the app on the Home Screen, which no camera and no link opens. */
function PasteLink() {
	const broken = useSignal(false);
	const text = useSignal("");
	const { pair } = words.value;
	const open = () => {
		const fragment = text.value.trim().split("#").at(-1) ?? "";
		broken.value = readInvitation(fragment) === undefined;
		if (!broken.value) go(`#${fragment}`, "replace");
	};
	return (
		<form
			class="card"
			onSubmit={(event) => {
				event.preventDefault();
				open();
			}}
		>
			<label class="field">
				<span>{pair.paste}</span>
				<input
					type="text"
					inputMode="url"
					data-testid="paste-link"
					value={text.value}
					autoComplete="off"
					autoCapitalize="off"
					spellcheck={false}
					onInput={(event) => (text.value = event.currentTarget.value)}
				/>
			</label>
			{broken.value && (
				<p class="hint bad" role="alert">
					{pair.pasteBroken}
				</p>
			)}
			<button type="submit" class="pill primary wide" data-testid="paste-go" disabled={!text.value}>
				{pair.pasteGo}
			</button>
		</form>
	);
}

/** On iPhone and iPad: why to install first, how, and the way around it. */
export function InstallFirst({ onGoOn }: { onGoOn: () => void }) {
	const { pair: text } = words.value;
	const { copy, share, open } = text.iosSteps;
	return (
		<Frame title={text.iosTitle}>
			<p class="lead">{text.iosText}</p>
			<section class="card">
				<ol class="steps">
					<li>{copy}</li>
					<li>{share}</li>
					<li>{open}</li>
				</ol>
				<p class="hint">{text.iosHurry}</p>
				<div class="actions stacked">
					<button
						type="button"
						class="pill primary"
						data-testid="copy-link"
						onClick={() => void copyText(location.href)}
					>
						{text.iosCopy}
					</button>
					<button type="button" class="pill quiet" data-testid="pair-anyway" onClick={onGoOn}>
						{text.iosGoOn}
					</button>
				</div>
			</section>
		</Frame>
	);
}

/** What the household gave this phone, and when. */
export function Given({ access }: { access: Access }) {
	const { pair, household } = words.value;
	const when = timesLine(access, Date.now(), words.value, locale.value);
	const given = RIGHTS.filter((right) => access.rights.includes(right));
	return (
		<section class="given" data-testid="given-rights" aria-label={pair.given}>
			<h2>{pair.given}</h2>
			<ul>
				{given.map((right) => (
					<li key={right} data-right={right}>
						<Icon name={ICONS[right]} />
						{household.rightNames[right]}
					</li>
				))}
			</ul>
			{when && <p class="hint">{pair.givenWhen(when)}</p>}
		</section>
	);
}

const ICONS: Record<Access["rights"][number], IconName> = {
	view: "eye",
	talk: "mic",
	light: "light",
	chime: "chime",
	unlock: "unlock",
	history: "clock",
	admin: "settings",
};
