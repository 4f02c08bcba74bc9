"""A scorer as one writes it with FastAPI and pydantic: finished numbers in, a score out."""

import os

import numpy as np
import xgboost
from fastapi import FastAPI
from pydantic import create_model

booster = xgboost.Booster({"nthread": int(os.environ.get("THREADS", "0"))}, model_file=os.environ["BOOSTER"])
names = [f"x{number}" for number in range(booster.num_features())]
Lead = create_model("Lead", **dict.fromkeys(names, (float | None, None)))
app = FastAPI()


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.post("/invocations")
async def score(lead: Lead) -> dict[str, float]:  # type: ignore[valid-type]
    row = np.array([[getattr(lead, name) for name in names]], dtype=np.float32)
    return {"score": float(booster.inplace_predict(row)[0])}
