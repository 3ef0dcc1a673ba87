"""What an account, an issuer and a file of values lack before a deploy. Reads only; a deploy itself is `sam deploy`."""
