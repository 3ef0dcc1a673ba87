"""How far it scales: the sweeper over tables of very different size, and the whole under AWS's quotas, simulated."""
