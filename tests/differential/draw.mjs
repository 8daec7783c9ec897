// Drawing from fast-check's fc.gen(): draw(makeArbitrary, ...arguments) gives a random value that can be made smaller.
// It looks for the arguments among all that were given before, one by one and by value. So choices are drawn by index,
// and indices, which are most of what is drawn, by functions that need no argument.
import { fc } from './packages.mjs';

const makers = [];

// A number from 0 to `max`.
export function nat(draw, max) {
  makers[max] ??= () => fc.nat(max);
  return draw(makers[max]);
}

export const pick = (draw, list) => list[nat(draw, list.length - 1)];
export const chance = (draw, oneIn) => nat(draw, oneIn - 1) === 0;

// `list` in random order.
export function shuffled(draw, list) {
  const rest = [...list];
  for (let i = rest.length - 1; i > 0; i--) {
    const other = nat(draw, i);
    [rest[i], rest[other]] = [rest[other], rest[i]];
  }
  return rest;
}

// What makes `count` things, one after another.
export const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
