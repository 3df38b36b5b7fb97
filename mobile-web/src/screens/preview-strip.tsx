import { useSignal } from "@preact/signals";
import { useState } from "preact/hooks";
import { visitPaths } from "../api/client";
import { useMediaAddress } from "../parts/picture";
import { duration } from "../parts/time";
import type { Preview, Visit } from "../protocol.gen";
import { words } from "../words";

const NARROW_CELLS = 6;
const WIDE_CELLS = 9;

interface PreviewStripProps {
	visit: Visit;
	preview: Preview;
	/** Of the clip, in ms. */
	length: number;
	atMs: number;
	onJump: (ms: number) => void;
}

/** The clip at a glance; dragging over it shows each moment and goes there. */
export function PreviewStrip({ visit, preview, length, atMs, onJump }: PreviewStripProps) {
	const address = useMediaAddress(visitPaths.preview(visit.id));
	const [broken, setBroken] = useState(false);
	const dragged = useSignal(false);
	if (!address || broken) return null;
	const share = Math.min(1, Math.max(0, atMs / length));
	return (
		<div class={`strip ${dragged.value ? "dragged" : ""}`} data-testid="preview-strip">
			{/* A picture that cannot be loaded is no strip; backgrounds would not say. */}
			<img src={address} alt="" hidden onError={() => setBroken(true)} />
			<div class="strip-cells" aria-hidden="true">
				{cellsOf(preview.tiles).map((tile, index) => (
					<Tile key={index} address={address} preview={preview} tile={tile} />
				))}
			</div>
			<span class="strip-at" style={{ left: `${share * 100}%` }} aria-hidden="true" />
			{dragged.value && (
				<div class="strip-bubble" style={{ "--at": share }} aria-hidden="true">
					<Tile address={address} preview={preview} tile={tileAt(atMs, preview)} />
					<span>{duration(atMs)}</span>
				</div>
			)}
			{/* The timeline beside it does the same for keys and screen readers. */}
			<input
				type="range"
				class="strip-input"
				tabIndex={-1}
				aria-hidden="true"
				title={words.value.visit.preview}
				min={0}
				max={length}
				step={100}
				value={atMs}
				onPointerDown={() => (dragged.value = true)}
				onPointerUp={() => (dragged.value = false)}
				onPointerCancel={() => (dragged.value = false)}
				onInput={(event) => onJump(Number(event.currentTarget.value))}
			/>
		</div>
	);
}

/** Which tile shows a moment. */
export function tileAt(atMs: number, { tiles, every_ms }: Preview): number {
	return Math.min(tiles - 1, Math.max(0, Math.floor(atMs / every_ms)));
}

function cellsOf(tiles: number): readonly number[] {
	const room = matchMedia("(min-width: 900px)").matches ? WIDE_CELLS : NARROW_CELLS;
	const cells = Math.min(tiles, room);
	return Array.from({ length: cells }, (_, index) => Math.floor(((index + 0.5) * tiles) / cells));
}

interface TileProps {
	address: string;
	preview: Preview;
	tile: number;
}

function Tile({ address, preview: { tiles, width, height }, tile }: TileProps) {
	return (
		<span
			class="strip-tile"
			style={{
				aspectRatio: `${width} / ${height}`,
				backgroundImage: `url("${address}")`,
				backgroundSize: `${tiles * 100}% 100%`,
				backgroundPosition: `${tiles > 1 ? (tile / (tiles - 1)) * 100 : 0}% 0`,
			}}
		/>
	);
}
