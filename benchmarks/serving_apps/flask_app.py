"""A scorer in the spirit of SageMaker's XGBoost image: Flask behind gunicorn, a matrix a request."""

import os

import numpy as np
import xgboost
from flask import Flask, jsonify, request

booster = xgboost.Booster({"nthread": int(os.environ.get("THREADS", "0"))}, model_file=os.environ["BOOSTER"])
names = [f"x{number}" for number in range(booster.num_features())]
app = Flask(__name__)


@app.get("/ping")
def ping() -> str:
    return ""


@app.post("/invocations")
def score():  # type: ignore[no-untyped-def]
    lead = request.get_json()
    row = np.array([[lead.get(name) for name in names]], dtype=np.float32)
    return jsonify(score=float(booster.predict(xgboost.DMatrix(row))[0]))
