/**
 * Winograd's scratch, which each network has in its memory map: a tile, then the panels, where a block of tiles lies
 * between transforms and products. A panel has (m+2)² points, each with the tiles of the block, one after the other.
 */

/** Bytes between the points of a panel: they keep the points from meeting in the same set of the cache. */
export const GAP: i32 = 64;

/** Bytes of a tile of the largest transform, a vector per point. */
export const TILE_BYTES: i32 = 64 * 16;
