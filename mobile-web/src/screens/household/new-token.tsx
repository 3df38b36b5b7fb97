import { useSignal } from "@preact/signals";
import { Card } from "../../parts/card";
import { useHousehold } from "../../parts/household";
import type { MintedToken } from "../../protocol.gen";
import { words } from "../../words";
import { UntilField } from "./access-form";
import { useAsking } from "./use-asking";

const KINDS: readonly MintedToken["kind"][] = ["view", "record"];

/** Make a token: its name, what it is good for, and perhaps an end. */
export function NewToken() {
	const { desk, token, now } = useHousehold();
	const { household: text } = words.value;
	const name = useSignal("");
	const kind = useSignal<MintedToken["kind"]>("view");
	const until = useSignal("");
	const asking = useAsking();
	const fault = () => {
		if (name.value.trim() === "") return text.tokens.noName;
		const late = until.value !== "" && Date.parse(until.value) <= now();
		return late ? text.access.faults.until_past : "";
	};
	const make = async () => {
		asking.fault.value = fault();
		if (asking.fault.value) return;
		await asking.run(async () => {
			const until_ms = until.value === "" ? null : Date.parse(until.value);
			const made = await desk.ask({
				type: "make_token",
				name: name.value.trim(),
				kind: kind.value,
				until_ms,
			});
			if (made.type === "token_made") token.value = made;
		});
	};
	return (
		<Card icon="key" title={text.tokens.make}>
			<p class="hint">{text.tokens.lead}</p>
			<label class="field">
				<span>{text.tokens.name}</span>
				<input
					type="text"
					data-testid="token-name"
					maxLength={60}
					autocomplete="off"
					placeholder={text.tokens.nameHint}
					value={name.value}
					onInput={(event) => {
						name.value = event.currentTarget.value;
					}}
				/>
			</label>
			<div class="kinds" role="radiogroup" aria-label={text.tokens.make}>
				{KINDS.map((each) => (
					<label key={each} class="choice tall">
						<input
							type="radio"
							name="kind"
							data-testid={`kind-${each}`}
							checked={kind.value === each}
							onChange={() => (kind.value = each)}
						/>
						<span>
							{text.tokens.kinds[each]}
							<small>{text.tokens.kindMeanings[each]}</small>
						</span>
					</label>
				))}
			</div>
			<UntilField
				label={text.tokens.until}
				until={until.value}
				onChange={(next) => {
					until.value = next;
				}}
			/>
			{asking.fault.value && (
				<p class="hint bad" role="alert" data-testid="token-fault">
					{asking.fault.value}
				</p>
			)}
			<button
				type="button"
				class="pill primary wide"
				data-testid="make-token"
				disabled={!asking.ready}
				onClick={() => void make()}
			>
				{text.tokens.makeNow}
			</button>
		</Card>
	);
}
