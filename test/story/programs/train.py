"""Gradient descent on a few kilobytes: a network of one hidden layer learns a function of two variables. Nothing is left to chance."""
import json
import math
import random
import sys

points = [tuple(map(float, line.split())) for line in open("/data/points.txt")]
chance = random.Random(7)
hidden = 8
inward = [[chance.uniform(-1, 1) for _ in range(3)] for _ in range(hidden)]
outward = [chance.uniform(-1, 1) for _ in range(hidden + 1)]


def forward(x, y):
    layer = [math.tanh(a * x + b * y + c) for a, b, c in inward]
    return layer, sum(w * h for w, h in zip(outward, layer)) + outward[-1]


def loss():
    return sum((forward(x, y)[1] - z) ** 2 for x, y, z in points) / len(points)


before = loss()
rate = 0.05
for _ in range(150):
    for x, y, z in points:
        layer, guess = forward(x, y)
        error = guess - z
        for i, h in enumerate(layer):
            slope = error * outward[i] * (1 - h * h)
            outward[i] -= rate * error * h
            inward[i][0] -= rate * slope * x
            inward[i][1] -= rate * slope * y
            inward[i][2] -= rate * slope
        outward[-1] -= rate * error
after = loss()
with open(sys.argv[1], "w") as out:
    json.dump({"inward": inward, "outward": outward}, out)
print(f"loss {before:.6f} -> {after:.6f}")
sys.exit(0 if after < before / 10 else 1)
