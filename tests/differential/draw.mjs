// Drawing from fast-check's fc.gen(): draw(makeArbitrary, ...arguments) gives a random value that can be made smaller.
// Arguments are compared by value each time, so choices are drawn by index.
import { fc } from './packages.mjs';

export const pick = (draw, list) => list[draw(fc.nat, list.length - 1)];
export const chance = (draw, oneIn) => draw(fc.nat, oneIn - 1) === 0;
export const below = (draw, count) => draw(fc.nat, count - 1);

// `list` in random order.
export function shuffled(draw, list) {
  const rest = [...list];
  for (let i = rest.length - 1; i > 0; i--) {
    const other = below(draw, i + 1);
    [rest[i], rest[other]] = [rest[other], rest[i]];
  }
  return rest;
}

// What makes `count` things, one after another.
export const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
