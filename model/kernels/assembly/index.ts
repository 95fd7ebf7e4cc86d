export { multiply, rotate, scratchBytes } from './multiply';
export { gramian, sumSlices } from './gramian';
export { solve } from './solve';
export { eigen } from './eigen';
export { findBest, findNearest, findScratch, likelihood } from './retrieve';
export { sweepPanel, sweepPivot, sweepRest } from './sweep';
export { packItems, scaleOf } from './round';
