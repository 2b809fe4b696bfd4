"""Proof: do segments hold, and do they tell what customers do next?"""
