"""What a person looks at: pages, pictures and text about records that the domain made. Nothing here decides."""
