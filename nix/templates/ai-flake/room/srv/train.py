"""Fits y = 3x - 1 and writes the weights: train.py [WEIGHTS]. The same machine and seed give the same bits."""

import sys

import torch

torch.manual_seed(0)
torch.use_deterministic_algorithms(True)
device = "cuda" if torch.cuda.is_available() else "cpu"
inputs = torch.linspace(-1, 1, 256).unsqueeze(1).to(device)
targets = 3 * inputs - 1

model = torch.nn.Linear(1, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(200):
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.6f}", flush=True)

path = sys.argv[1] if len(sys.argv) > 1 else "weights.pt"
torch.save({name: value.cpu() for name, value in model.state_dict().items()}, path)
print(f"device {device}, loss {loss.item():.8f}, weights in {path}")
