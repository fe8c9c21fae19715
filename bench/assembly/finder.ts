/** For bench/finder.ts: the finder's stages by themselves. */
export * from "../../assembly/finder/index";
export * from "../../assembly/finder/memory";
export * from "../../assembly/finder/network";
