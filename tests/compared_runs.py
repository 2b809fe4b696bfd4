"""Finished runs as a comparison reads them, written without running a notebook."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segmentation.cluster import Plan, fit, named_segments
from segmentation.describing.registry import CATEGORIES, FEATURES
from segmentation.preparing import USUAL_FEATURES, Recipe


def write_run(
    home: Path,
    name: str,
    features: pd.DataFrame,
    *,
    day: date,
    k: int = 3,
    past: pd.DataFrame | None = None,
    names: dict[str, str] | None = None,
    steps: tuple[str, ...] = ("01_ingest", "02_clean", "03_features", "04_cluster", "05_evaluate", "06_campaign_plan"),
    **parameters: Any,
) -> Path:
    """Write a run's artifacts: features of the usual columns, segments by k-means, the rest in short.

    Parameters
    ----------
    names : other names for segments than they would get
    steps : that have finished
    parameters : of the run, beside min_group 5 and the number of segments
    """
    folder = home / "data" / "runs" / name
    folder.mkdir(parents=True)
    plan = Plan("full", Recipe(columns=USUAL_FEATURES), "k-means", k, "", 7)
    segments = named_segments(fit(features, plan), features).replace({"name": names or {}})
    past = features.iloc[:0] if past is None else past
    features.rename_axis("customer_id").reset_index().to_parquet(folder / "03_features.parquet")
    past.rename_axis("customer_id").reset_index().to_parquet(folder / "03_past.parquet")
    segments.rename_axis("customer_id").reset_index().to_parquet(folder / "04_segments.parquet")
    evaluation = {
        "verdict": "act",
        "agreement": {"agreement": 0.91},
        "internal": {"all": {"silhouette": 0.31}},
        "holdout_days": 90,
        "order": {"all days": {"order_kept": 0.86, "ranks_explained": 0.26, "money_explained": None}},
        "winners": {"value": "lifetime model"},
    }
    (folder / "05_evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    pd.DataFrame({"name": ["all"], "contactable": [300], "budget": [90.0]}).to_csv(folder / "06_plan.csv")
    facts = {"as_of": str(day), "currency": "EUR", "plan": plan.record()}
    manifest = {
        "run": name,
        "parameters": {"min_group": 5, "k": k} | parameters,
        "inputs": [{"name": "orders.csv", "bytes": 10, "sha256": f"{day}", "rows": 3 * len(features)}],
        "steps": {step: {"facts": facts, "findings": []} for step in steps},
        "versions": {"pandas": "3.0.0"},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def made_features(seed: int, *, customers: int = 400, days: int = 400, dearer: float = 1.0) -> pd.DataFrame:
    """Draw customers' features: every second one comes back often, the others bought once or twice."""
    generator = np.random.default_rng(seed)
    often = np.arange(customers) % 2 == 0
    tenure = np.round(generator.uniform(1, days, customers))
    orders = np.where(often, 4 + generator.poisson(4, customers), 1 + generator.poisson(0.3, customers)).astype(float)
    spend = np.round(orders * generator.lognormal(3, 0.4, customers) * dearer, 2)
    told = {
        "tenure_days": tenure,
        "recency_days": np.round(generator.uniform(0, tenure)),
        "order_count": orders,
        "net_spend": spend,
        "average_order": spend / orders,
        "product_count": orders * 2,
        "discount_share": generator.uniform(0, 1, customers) * ~often,
        "return_share": 0.0,
        "category_entropy": generator.uniform(0, 2, customers),
        "spend_trend": generator.uniform(-1, 1, customers),
        "median_gap_days": np.where(orders > 1, tenure / orders, np.nan),
    }
    ids = pd.Index([f"customer{place:04}@example.com" for place in range(customers)], name="customer_id")
    features = pd.DataFrame(told, index=ids).reindex(columns=[*FEATURES])
    return features.astype(dict.fromkeys(CATEGORIES, object))
